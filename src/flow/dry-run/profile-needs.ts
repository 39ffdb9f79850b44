import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../agents/agent.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, IssuesError, type Problem } from '../../base/errors.ts';
import type { Plan } from '../../containers/plan.ts';
import { copyCredential } from '../../credentials/inject/copy-credential.ts';
import { type NamedSecrets, secretCopy } from '../../credentials/inject/named-secrets.ts';
import { checkGhToken } from '../../credentials/inject/preflight.ts';
import type { Profile } from '../../profiles/profile.ts';
import { appSecretOf, TOKEN_NAME, tokenMount } from '../github/github-credential.ts';
import { appSecretProblems, type CheckSecret } from './app-secret.ts';

/** What checking the credentials of a profile takes. */
type NeedsParts = {
  agents: readonly Agent[];
  secrets: Pick<NamedSecrets, 'resolve'>;
  /** Whether a GitHub App is stored: which repositories it serves, only GitHub knows. */
  hasApps: () => Promise<boolean>;
  checkSecret: CheckSecret;
  clock: Pick<Clock, 'now'>;
};

/** A credential that runs of a profile are granted: its description, and what makes it unusable. */
export type Need = { what: string; problems: Problem[] };

/** Everything that a profile's runs are granted, checked as a launch would. Asks nobody and grants nothing. */
export async function profileNeeds(
  parts: NeedsParts,
  profile: Profile,
  plan: Pick<Plan, 'mounts' | 'secrets'>,
): Promise<Need[]> {
  const token = tokenMount(plan)?.source;
  const { appSecret } = appSecretOf(profile);
  const needs = [
    ...(appSecret ? [appNeed(parts, profile, appSecret.name)] : []),
    ...(token && !appSecret ? [tokenNeed(parts, token)] : []),
    ...plan.mounts.flatMap(({ kind, name, source }) =>
      (kind === 'credential' || kind === 'agent-state') && name && name !== TOKEN_NAME && source !== null
        ? [credentialNeed(parts, name, source)]
        : [],
    ),
    ...[...new Set(plan.secrets.map(({ name }) => name))].map((name) => secretNeed(parts, profile, name)),
  ];
  return await Promise.all(needs);
}

async function tokenNeed({ hasApps }: NeedsParts, file: string): Promise<Need> {
  const problems = await checkGhToken(file);
  const isAppThere = problems.some(({ code }) => code === 'token_file_missing') && (await hasApps());
  return { what: 'a GitHub token', problems: isAppThere ? [] : problems };
}

async function appNeed({ checkSecret }: NeedsParts, profile: Profile, name: string): Promise<Need> {
  return {
    what: `the App in the secret ${name}`,
    problems: await appSecretProblems(checkSecret, profile, { ask: false }),
  };
}

/** A login that runs get a share of is inspected by its agent, because the service renews one that would end too early. */
async function credentialNeed({ agents, clock }: NeedsParts, name: string, source: string): Promise<Need> {
  const nowMs = clock.now();
  const named = agents.find((agent) => agent.name === name);
  const holds = ({ state }: Agent): boolean =>
    state.sharing !== undefined && existsSync(join(source, state.login));
  const sharing = (named ?? agents.find(holds))?.state.sharing;
  if (sharing)
    return { what: `the login in ${source}`, problems: [...(await sharing.inspect(source, nowMs)).problems] };
  const copy = copyCredential({ name, source, times: { nowMs, untilMs: nowMs } }, agents);
  return { what: source, problems: await problemsOf(copy) };
}

async function secretNeed({ secrets }: NeedsParts, { path }: Profile, name: string): Promise<Need> {
  const read = async (): Promise<unknown> => (await secrets.resolve(path, [name])).map(secretCopy);
  return { what: `the secret ${name}`, problems: await problemsOf(read()) };
}

async function problemsOf(work: Promise<unknown>): Promise<Problem[]> {
  try {
    await work;
    return [];
  } catch (error) {
    const issue = asFlowError(error);
    return issue instanceof IssuesError && issue.issues.length > 0 ? [...issue.issues] : [issue.toProblem()];
  }
}
