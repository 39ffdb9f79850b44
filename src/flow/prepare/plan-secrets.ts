import { FlowError } from '../../base/errors.ts';
import type { Plan, PlanSsh } from '../../containers/plan.ts';
import { SSH_KEY, SSH_KNOWN_HOSTS } from '../../credentials/secrets/secret-rules.ts';
import type { Profile } from '../../profiles/profile.ts';

/** The named secrets of a profile's runs; a variable that `runtime.env` sets stays as that says. */
export function grantedSecrets({ credentials, execution }: Profile): Plan['secrets'] {
  const { env } = execution.runtime;
  return credentials.secrets.map((secret) => ({
    name: secret.name,
    env: secret.env === undefined || Object.hasOwn(env, secret.env) ? null : secret.env,
  }));
}

/** The variable of the GitHub token; one that `runtime.env` sets stays as that says. */
export function tokenVariable({ credentials, execution }: Profile): Pick<Plan, 'tokenEnv'> {
  const name = credentials.github?.env;
  return name === undefined || Object.hasOwn(execution.runtime.env, name) ? {} : { tokenEnv: name };
}

/** Whether and how git may use SSH. Throws `ssh_known_hosts_missing` for a key without known hosts while keys of hosts are pinned. */
export function planSsh(
  { path, credentials: { secrets = [] } }: Profile,
  hostKeys: PlanSsh['hostKeys'],
): PlanSsh | null {
  if (!secrets.some(({ name }) => name === SSH_KEY)) return null;
  const knownHosts = secrets.some(({ name }) => name === SSH_KNOWN_HOSTS);
  if (!knownHosts && hostKeys === 'pinned') throw knownHostsMissing(path);
  return { hostKeys, knownHosts };
}

function knownHostsMissing(path: string): FlowError {
  return new FlowError({
    code: 'ssh_known_hosts_missing',
    blame: 'profile',
    message: `The profile ${path} names the secret GIT_SSH_KEY, but no GIT_SSH_KNOWN_HOSTS, so git could not tell whether a host is the right one.`,
    hint: 'Set it (`ssh-keyscan github.com | github-flows secret set GIT_SSH_KNOWN_HOSTS`, after comparing with what GitHub publishes), and name it in credentials.secrets; or have the admin set SSH_HOST_KEYS=accept-new.',
  });
}
