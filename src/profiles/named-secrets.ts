import type { Problem } from '../base/errors.ts';
import { checkEnvName } from '../mounts/flags/env-names.ts';

/** A named secret as a fragment writes it: its name alone, or with the variable that it is exported as. */
export type SecretSetting = string | { name: string; env?: string };

/** A named secret that a run gets as a file, and, where `env` is set, as a variable. */
export type SecretGrant = { name: string; env: string | undefined };

/** The grants of a profile, in the order written. */
export function toSecrets(settings: readonly SecretSetting[] | undefined): SecretGrant[] {
  return (settings ?? []).map((setting) =>
    typeof setting === 'string'
      ? { name: setting, env: undefined }
      : { name: setting.name, env: setting.env },
  );
}

/** What is wrong with the variables of these secrets, by index: `env_name_refused`, `env_name_invalid`, `secret_variable_twice`. */
export function secretProblems(
  settings: readonly SecretSetting[] | undefined,
): (Problem & { index: number })[] {
  const seen = new Set<string>();
  return toSecrets(settings).flatMap(({ env }, index) => {
    if (env === undefined) return [];
    const problem = seen.has(env) ? variableTwice(env) : checkEnvName(env);
    seen.add(env);
    return problem ? [{ ...problem, index }] : [];
  });
}

/** What is wrong with the variable of the GitHub token; one that a secret has too is `secret_variable_twice`. */
export function tokenVariableProblems({
  github,
  secrets,
}: {
  github?: { env?: string };
  secrets?: readonly SecretSetting[];
} = {}): Problem[] {
  const env = github?.env;
  if (env === undefined) return [];
  const problem = toSecrets(secrets).some((secret) => secret.env === env)
    ? variableTwice(env)
    : checkEnvName(env);
  return problem ? [problem] : [];
}

/** `app_secret_granted`: what mints tokens is for the service alone, and a secret that runs are given is in their containers. */
export function appGrantProblems({
  github,
  secrets,
}: {
  github?: { app?: string };
  secrets?: readonly SecretSetting[];
} = {}): Problem[] {
  const app = github?.app;
  if (app === undefined || !toSecrets(secrets).some(({ name }) => name === app)) return [];
  return [
    {
      code: 'app_secret_granted',
      message: `The secret ${app} holds the App that credentials.github.app names, and credentials.secrets would give it to runs, with its private key.`,
      hint: `Take ${app} out of credentials.secrets; runs get a token of the App without it.`,
    },
  ];
}

function variableTwice(env: string): Problem {
  return {
    code: 'secret_variable_twice',
    message: `Two secrets would be exported as the variable ${env}.`,
    hint: 'Give one of them another variable, or leave its variable out and read its file.',
  };
}
