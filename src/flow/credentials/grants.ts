import type { Agent, LoginRenewal } from '../../agents/agent.ts';
import type { Clock } from '../../base/clock.ts';
import type { Plan } from '../../containers/plan.ts';
import { makeBearer } from '../../credentials/bearer.ts';
import { readGhToken } from '../../credentials/github/gh-token-file.ts';
import type { GitHubToken, GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { type Copy, valueCopy } from '../../credentials/inject/copy-credential.ts';
import {
  credentialReadings,
  type DeliverableMount,
  deliverCredentials,
} from '../../credentials/inject/deliver.ts';
import { type NamedSecrets, secretCopy } from '../../credentials/inject/named-secrets.ts';
import type { Redactor } from '../../log/redact.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { appSecretOf, runPermissions, TOKEN_NAME, tokenMount } from '../github/github-credential.ts';
import type { RunPaths } from '../paths.ts';
import { type GrantRecord, readGrant, recordGrant } from './grant-record.ts';
import type { MaskedValues } from './masked-values.ts';
import { preflight } from './preflight.ts';
import { type TokenRenewer, writeTokenEnd } from './token-renewer.ts';

/** The name of a run's bearer for the runtime listener, below `/run/secrets`. */
const BEARER_NAME = 'runtime-token';

/** What a run is granted: a copy of each credential that it mounts or names, and the GitHub token among them. */
type Grants = {
  copies: readonly Copy[];
  /** The GitHub token, and what it is renewed by; undefined for a run that has none. */
  gitHub: TokenGrant | undefined;
};

type TokenGrant = {
  token: GitHubToken;
  grant: Pick<GrantRecord, 'repository' | 'permissions' | 'tokenFile' | 'appSecret'>;
};

/** What renewing takes from the rest of the service; `renewals` are found by the name of their agent. */
type RenewParts = {
  agents: readonly Agent[];
  renewals: ReadonlyMap<string, LoginRenewal>;
  runs: RunStore;
  clock: Clock;
};

/** What granting takes from the rest of the service. */
export type GrantParts = RenewParts & {
  tokens: Pick<GitHubTokens, 'token'>;
  secrets: NamedSecrets;
  renewer: TokenRenewer;
  masked: MaskedValues;
  redactor: Redactor;
  /** Where processes elsewhere reach the runtime listener; undefined while it is off. */
  runtimeUrl: () => string | undefined;
};

/** The run that grants are read for; `signal` ends the wait for a login that is renewed. */
type GrantRequest = { run: Run; profile: Profile; plan: Plan; signal: AbortSignal };

/**
 * Reads everything that a run is granted, all at once, and writes nothing; logins that would run out are renewed
 * before their share is taken. Throws what is invalid, everything together (`preflight`), or the signal's reason.
 */
export async function readGrants(parts: GrantParts, request: GrantRequest): Promise<Grants> {
  const { run, plan, signal } = request;
  const readings = credentialReadings(plan.mounts.flatMap(deliverable), parts.agents);
  const renewed = renewLogins(parts, { run, plan }, signal);
  const [gitHub, secrets, , ...mounted] = await preflight<
    [TokenGrant | undefined, readonly Copy[], undefined, ...Copy[]]
  >([
    async () => await readToken(parts, request),
    async () => await readSecrets(parts, request),
    async () => void (await renewed),
    ...readings.map(({ name, read }) => async () => {
      if (renewalsOf(parts, name).length > 0) await renewed;
      const nowMs = parts.clock.now();
      return await read({ nowMs, untilMs: nowMs + plan.limits.timeoutSec * 1000 });
    }),
  ]);
  signal.throwIfAborted();
  const token = gitHub ? [valueCopy(TOKEN_NAME, gitHub.token.value)] : [];
  return { gitHub, copies: [...token, ...mounted, ...secrets] };
}

/**
 * Renews every login that would end before the run's deadline, before the run gets its share of it; the timeline notes
 * that the run waits. Throws the codes of `LoginRenewal.ensure`, or the signal's reason.
 */
async function renewLogins(
  parts: RenewParts,
  { run, plan }: { run: Run; plan: Plan },
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, name, source } of plan.mounts) {
    if ((kind !== 'agent-state' && kind !== 'credential') || source === null) continue;
    for (const renewal of renewalsOf(parts, name))
      await renewal.ensure(source, {
        untilMs: parts.clock.now() + plan.limits.timeoutSec * 1000,
        signal,
        note: async (text) => await parts.runs.note(run.id, { kind: 'credential', text }),
      });
  }
}

/** What may renew the credential of this name: its agent's, or any when the name is no agent's. Until then it is not read. */
export function renewalsOf(
  { agents, renewals }: Pick<RenewParts, 'agents' | 'renewals'>,
  credential: string | undefined,
): LoginRenewal[] {
  const isKnown = credential === TOKEN_NAME || agents.some(({ name }) => name === credential);
  return [...renewals].filter(([agent]) => !isKnown || agent === credential).map(([, renewal]) => renewal);
}

/** The named secrets, each once, however many variables it is exported as. */
async function readSecrets({ secrets }: GrantParts, { profile, plan }: GrantRequest): Promise<Copy[]> {
  const names = [...new Set(plan.secrets.map(({ name }) => name))];
  return (await secrets.resolve(profile.path, names)).map(secretCopy);
}

/** The token of the App that the profile names, else of the one that serves the repository, else the token file; an unusable file throws its own error. */
async function readToken(
  { tokens }: GrantParts,
  { run, profile, plan }: GrantRequest,
): Promise<TokenGrant | undefined> {
  const tokenFile = tokenMount(plan)?.source;
  if (!tokenFile) return undefined;
  const grant = {
    repository: run.repository,
    permissions: runPermissions(profile),
    tokenFile,
    ...appSecretOf(profile),
  };
  const token = await tokens.token({ ...grant, exact: true });
  return { grant, token: token ?? (await tokenInFile(tokenFile)) };
}

/** Throws why there is none. */
async function tokenInFile(file: string): Promise<GitHubToken> {
  return { value: await readGhToken(file), expiresAt: null, source: { kind: 'file', file } };
}

/** Masks what was read, writes it into the run's own directory, and renews the token for as long as the run is active. */
export async function injectGrants(
  parts: GrantParts,
  { run, plan, paths }: { run: Run; plan: Plan; paths: RunPaths },
  { copies, gitHub }: Grants,
): Promise<void> {
  const bearer = gitHub && parts.runtimeUrl() !== undefined ? makeBearer(run.id) : undefined;
  const delivered = await deliverCredentials({
    secretsDir: paths.secrets,
    owner: plan.owner,
    copies: bearer ? [...copies, valueCopy(BEARER_NAME, bearer.value)] : copies,
    redactor: parts.redactor,
  });
  parts.masked.add(run.id, delivered);
  if (!gitHub) return;
  await writeTokenEnd(paths, gitHub.token, plan.owner);
  const grant = { ...gitHub.grant, owner: plan.owner, bearerHash: bearer?.hash ?? null };
  await recordGrant(paths, grant);
  parts.renewer.keep({ id: run.id, paths, grant }, gitHub.token);
}

/** Continues to renew the token of a run that is resumed. */
export async function regrant(
  { renewer }: Pick<GrantParts, 'renewer'>,
  run: Run,
  paths: RunPaths,
): Promise<void> {
  const grant = await readGrant(paths);
  if (grant) renewer.keep({ id: run.id, paths, grant }, undefined);
}

/** What is copied from the host; the GitHub token has its own way. */
function deliverable({ kind, name, source }: Plan['mounts'][number]): DeliverableMount[] {
  if ((kind !== 'credential' && kind !== 'agent-state') || source === null || !name) return [];
  return name === TOKEN_NAME ? [] : [{ kind, name, source }];
}
