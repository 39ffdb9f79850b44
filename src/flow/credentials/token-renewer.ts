import { join } from 'node:path';
import { backoff } from '../../base/backoff.ts';
import { type Clock, isoTime } from '../../base/clock.ts';
import { asFlowError, FlowError } from '../../base/errors.ts';
import { type Owner, writeAtomic } from '../../base/files.ts';
import type { Secret } from '../../base/secret.ts';
import type { GitHubToken, GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { renewCredential } from '../../credentials/inject/deliver.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { TOKEN_NAME } from '../github/github-credential.ts';
import type { RunPaths } from '../paths.ts';
import type { GrantRecord } from './grant-record.ts';
import type { MaskedValues } from './masked-values.ts';

/** How often the clock is looked at: a host that slept, or a clock that was set, is noticed this soon. */
const LOOK_EVERY_MS = 15_000;

/** From this long before a token ends it is asked for every `NEXT_MS`; its source decides when it gives a new one, at the latest five minutes before. */
const AHEAD_MS = 8 * 60_000;

/** How long after an answer the next one is asked for at the earliest; a token file is looked at this often. */
const NEXT_MS = 60_000;

/** How long an answer counts at the most: a token that GitHub refused meanwhile is replaced this soon. */
const MOST_MS = 5 * 60_000;

/** The waits between tries that fail double from the first to the last. */
const RETRY_MS = { first: 15_000, most: 5 * 60_000 };

/** A run whose token is kept fresh. */
export type KeptRun = { id: string; paths: Pick<RunPaths, 'secrets' | 'files'>; grant: GrantRecord };

/**
 * Keeps `/run/secrets/gh-token` of active runs fresh: each is renewed before it ends, and a failing renewal is tried
 * again for as long as the run lives; the run's timeline gets the first failure with its hint.
 *
 * `keep` takes the token that the run was just handed, or undefined after a restart, when it is asked for at once. It
 * ends when the run's secrets are released, when the run has ended, or with `stop`.
 */
export type TokenRenewer = {
  keep(run: KeptRun, token: GitHubToken | undefined): void;
  start(): void;
  stop(): void;
};

/** What a renewer takes from the rest of the service. */
type TokenRenewerParts = {
  tokens: Pick<GitHubTokens, 'token'>;
  runs: Pick<RunStore, 'find' | 'note'>;
  masked: MaskedValues;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
};

/** `placed` is the token that the run is known to have; a cached one is the same object when it is asked for again. */
type Entry = KeptRun & { placed: Secret | undefined; dueAt: number; failures: number; busy: boolean };

/** A renewer of no run yet; it renews from `start` on. */
export function createTokenRenewer(parts: TokenRenewerParts): TokenRenewer {
  const { clock } = parts;
  const kept = new Map<string, Entry>();
  const isKept = (entry: Entry): boolean => kept.get(entry.id) === entry;
  const look = (): void => {
    for (const entry of kept.values()) {
      if (entry.busy || entry.dueAt > clock.now()) continue;
      entry.busy = true;
      void renew(parts, entry, isKept).then((alive) => {
        entry.busy = false;
        if (!alive && isKept(entry)) kept.delete(entry.id);
      });
    }
  };
  let timer = { stop: (): void => {} };
  return {
    keep(run, token) {
      const dueAt = token ? nextAt(token, clock.now()) : clock.now();
      const entry: Entry = { ...run, placed: token?.value, dueAt, failures: 0, busy: false };
      kept.set(run.id, entry);
      const forget = (): void => void (isKept(entry) && kept.delete(run.id));
      parts.masked.add(run.id, { values: [], forget });
      if (!token) look();
    },
    start() {
      timer = clock.every(LOOK_EVERY_MS, look);
    },
    stop() {
      timer.stop();
      kept.clear();
    },
  };
}

/** Tries once; gives false when the run needs no token any more. Never rejects. */
async function renew(
  parts: TokenRenewerParts,
  entry: Entry,
  isKept: (entry: Entry) => boolean,
): Promise<boolean> {
  try {
    const run = await parts.runs.find(entry.id);
    if (run?.state !== 'preparing' && run?.state !== 'running') return false;
    const token = await ask(parts, entry);
    if (!isKept(entry)) return false;
    const isPlaced = entry.placed === token.value;
    const renewed = isPlaced ? undefined : await place(parts, entry, token.value);
    if (!isPlaced) await writeTokenEnd(entry.paths, token, entry.grant.owner);
    entry.placed = token.value;
    entry.dueAt = nextAt(token, parts.clock.now());
    if (renewed) await tellRenewed(parts, entry, renewed, token);
    entry.failures = 0;
  } catch (error) {
    await tellFailed(parts, entry, error).catch((err: unknown) =>
      parts.log.warn({ err, run: entry.id }, 'failed renewal could not be added to timeline'),
    );
  }
  return true;
}

async function ask({ tokens }: TokenRenewerParts, { grant }: Entry): Promise<GitHubToken> {
  const token = await tokens.token({ ...grant, exact: true });
  if (!token) throw tokenGone(grant);
  return token;
}

async function place({ redactor }: TokenRenewerParts, { paths, grant: { owner } }: Entry, value: Secret) {
  return await renewCredential({ secretsDir: paths.secrets, name: TOKEN_NAME, value, owner, redactor });
}

async function tellRenewed(
  { masked, runs, log }: TokenRenewerParts,
  entry: Entry,
  renewed: Parameters<MaskedValues['add']>[1],
  { expiresAt, source }: GitHubToken,
): Promise<void> {
  masked.add(entry.id, renewed);
  const until = isoTime(expiresAt);
  log.info({ run: entry.id, source: source.kind, until }, 'GitHub token of run renewed');
  const end = until === null ? '' : ` It lasts until ${until}.`;
  await runs.note(entry.id, { kind: 'credential', text: `The run's GitHub token was renewed.${end}` });
}

async function tellFailed(
  { runs, redactor, clock, log }: TokenRenewerParts,
  entry: Entry,
  error: unknown,
): Promise<void> {
  entry.dueAt = clock.now() + backoff(RETRY_MS, entry.failures);
  entry.failures += 1;
  log.warn({ err: error, run: entry.id, failures: entry.failures }, 'GitHub token of run was not renewed');
  if (entry.failures > 1) return;
  const { code, message, hint } = asFlowError(error);
  const text = `The run's GitHub token could not be renewed; the service retries until it works: ${message} ${hint}`;
  await runs.note(entry.id, { kind: 'credential', text: redactor.mask(text), data: { code } });
}

function nextAt({ expiresAt }: GitHubToken, nowMs: number): number {
  return Math.min(nowMs + MOST_MS, Math.max(nowMs + NEXT_MS, (expiresAt ?? 0) - AHEAD_MS));
}

function tokenGone({ repository, tokenFile }: GrantRecord): FlowError {
  return new FlowError({
    code: 'run_token_gone',
    blame: 'operator',
    message: `No GitHub App serves ${repository} any more, and the token file ${tokenFile} is not there.`,
    hint: 'Put the token file back, or add the App with `github-flows app add`; the run takes it up by itself.',
  });
}

/** The name of the file below `/run/github-flows`; `scripts/git-credential.sh` reads it. */
const NAME = 'token-end';

/**
 * Writes when the token that a run was just handed ends, in seconds since 1970; nothing for one of which nobody knows. The
 * helper in the container is silent from then on, so that the helpers after it are asked. It comes after the token: a
 * renewed one counts as ended for that moment, and an ended one never as good.
 */
export async function writeTokenEnd(
  { files }: Pick<RunPaths, 'files'>,
  { expiresAt }: Pick<GitHubToken, 'expiresAt'>,
  owner: Owner,
): Promise<void> {
  const content = expiresAt === null ? '' : `${Math.floor(expiresAt / 1000)}\n`;
  await writeAtomic(join(files, NAME), content, { mode: 0o644, owner });
}
