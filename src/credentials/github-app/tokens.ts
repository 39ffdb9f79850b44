import { LRUCache } from 'lru-cache';
import { backoff } from '../../base/backoff.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { asFlowError, type FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { AppApi } from '../../github/app-api.ts';
import { limitPassesInMs } from '../../github/request-error.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import { createInstallations, type Installations, mintToken, type TokenWant } from './mint.ts';
import { appName, type StoredApp } from './record.ts';
import { type TokenKey, type TokenRecords, tokenKeyText } from './token-records.ts';

/** A token of an App; `expiresAt` is by our clock, in milliseconds. */
type AppToken = { value: Secret; expiresAt: number };

/** Tokens of Apps: cached, one request at a time for each key, failures recorded and retried. */
export type AppTokens = {
  /** Undefined when the App is not installed on the repository. Throws the `app_…` codes and those of `GitHubClient`. */
  token(app: StoredApp, want: TokenWant): Promise<AppToken | undefined>;
  /** Whether the App is installed on the repository. Throws like `token`. */
  serves(app: StoredApp, repository: string): Promise<boolean>;
  /** Whether it was found there, as far as this process remembers. */
  served(app: StoredApp, repository: string): boolean;
  /**
   * GitHub refused this token before its end, as when the App was uninstalled and installed again: if it is one of
   * this App and no moment old, no token that was minted until now is given out any more.
   */
  refused(app: StoredApp, value: string): void;
  /** Whether this is a token of the App that was minted so recently that GitHub may not know it everywhere yet. */
  isYoung(app: StoredApp, value: string): boolean;
  /** Ends all retries. */
  close(): void;
};

/** A token is never given out closer to its expiry than this. */
const MARGIN_MS = 5 * 60_000;

/** GitHub may take some seconds to know a token everywhere; one that is refused when it is younger than this would be replaced by one that is refused too. */
const YOUNG_MS = 30_000;

/** Errors that end without a person: no answer, and rate limits. Every other one needs a fix. */
const PASSING = new Set(['github_unreachable', 'github_rate_limited', 'github_answer_unreadable']);

/** Waits between retries of such errors: doubled up to `most`; after MAX_RETRIES the next request tries again. */
const WAITS_MS = { first: 2_000, most: 60_000 };
const MAX_RETRIES = 8;

/** The longest wait that is accepted from GitHub's answer. */
const LONGEST_LIMIT_MS = 15 * 60_000;

/** Errors that need a fix are tried again after this time at the earliest, so that a fix counts soon. */
const FIX_WAIT_MS = 5_000;

type Cached = { token: AppToken; mintedAt: number; freshUntil: number };
type Failure = { error: FlowError; count: number; nextAt: number };
/** So many tokens and failures of one App are kept; there is one for each repository and set of permissions. */
const MAX_KEPT = 10_000;

type State = {
  api: AppApi;
  installations: Installations;
  cached: LRUCache<string, Cached>;
  failures: LRUCache<string, Failure>;
  pending: Map<string, Promise<AppToken | undefined>>;
};

/** What the tokens of Apps need; without `records` nothing is written down. `cacheMs`: how long a token is used. */
type AppTokensParts = {
  apiFor: (app: StoredApp) => AppApi;
  records: TokenRecords | undefined;
  clock: Clock;
  redactor: Redactor;
  log: Logger;
  cacheMs: number;
};

/** Mints for any number of Apps. A changed record of an App begins anew: the store gives a new object for it. */
export function createAppTokens(parts: AppTokensParts): AppTokens {
  const { clock } = parts;
  const states = new WeakMap<StoredApp, State>();
  const timers = new Set<Timer>();
  let isOpen = true;

  const stateOf = (app: StoredApp): State => {
    const state = states.get(app) ?? newState(app, parts);
    states.set(app, state);
    return state;
  };

  const retryLater = (app: StoredApp, want: TokenWant, waitMs: number): void => {
    if (!isOpen) return;
    const timer = clock.after(waitMs, () => {
      timers.delete(timer);
      void token(app, want).catch(() => undefined);
    });
    timers.add(timer);
  };

  const mint = async (app: StoredApp, state: State, id: string, want: TokenWant) => {
    const key = keyOf(app, want);
    try {
      const minted = await mintToken(appName(app), state, want);
      state.failures.delete(id);
      if (!minted) return undefined;
      const token = remember(parts, state, id, minted);
      await write(parts, parts.records?.minted(key, { mintedAt: clock.now(), expiresAt: token.expiresAt }));
      return token;
    } catch (error) {
      const failure = failureAfter(asFlowError(error), state.failures.get(id), clock.now());
      state.failures.set(id, failure);
      const { count: failures, nextAt: nextTryAt } = failure;
      parts.log.warn(
        { app: appName(app), repository: want.repository, ...failure.error.toProblem(), failures },
        'GitHub App token could not be minted',
      );
      const record = { error: failure.error, at: clock.now(), nextTryAt, failures };
      await write(parts, parts.records?.failed(key, record));
      if (PASSING.has(failure.error.code) && failures <= MAX_RETRIES)
        retryLater(app, want, nextTryAt - clock.now());
      return lastResort(state, id, failure, clock.now());
    }
  };

  const token = async (app: StoredApp, want: TokenWant): Promise<AppToken | undefined> => {
    const state = stateOf(app);
    const id = `${want.exact} ${tokenKeyText(keyOf(app, want))}`;
    const now = clock.now();
    const cached = state.cached.get(id);
    if (cached && now < cached.freshUntil) return cached.token;
    const failure = state.failures.get(id);
    if (failure && now < failure.nextAt) return lastResort(state, id, failure, now);
    const minting =
      state.pending.get(id) ?? mint(app, state, id, want).finally(() => state.pending.delete(id));
    state.pending.set(id, minting);
    return await minting;
  };

  return {
    token,
    isYoung: (app, value) => isYoung(states.get(app), value, clock.now()) === true,
    serves: async (app, repository) => (await stateOf(app).installations.find(repository)) !== undefined,
    served: (app, repository) => states.get(app)?.installations.wasFound(repository) ?? false,
    refused(app, value) {
      const state = states.get(app);
      if (!state || isYoung(state, value, clock.now()) !== false) return;
      state.cached.clear();
      state.installations.forget();
    },
    close() {
      isOpen = false;
      for (const timer of timers) timer.stop();
    },
  };
}

function newState(app: StoredApp, { apiFor, clock }: AppTokensParts): State {
  const api = apiFor(app);
  const installations = createInstallations(app, api, clock);
  return {
    api,
    installations,
    cached: new LRUCache({ max: MAX_KEPT }),
    failures: new LRUCache({ max: MAX_KEPT }),
    pending: new Map(),
  };
}

/** Undefined for what is no token of the App. */
function isYoung(state: State | undefined, value: string, now: number): boolean | undefined {
  const known = [...(state?.cached.values() ?? [])];
  const found = known.find(({ token }) => token.value.reveal() === value);
  return found && now - found.mintedAt < YOUNG_MS;
}

function keyOf(app: StoredApp, { repository, permissions }: TokenWant): TokenKey {
  return { app: app.key, host: new URL(app.apiUrl).host, repository, permissions };
}

function remember(
  { clock, redactor, cacheMs }: AppTokensParts,
  { cached }: State,
  id: string,
  { value, livesMs }: { value: string; livesMs: number },
): AppToken {
  const now = clock.now();
  const forget = redactor.add(value);
  clock.after(Math.max(0, livesMs) + MARGIN_MS, forget);
  for (const [key, { token }] of [...cached]) if (token.expiresAt <= now) cached.delete(key);
  const token = { value: new Secret(value), expiresAt: now + livesMs };
  cached.set(id, { token, mintedAt: now, freshUntil: Math.min(now + cacheMs, token.expiresAt - MARGIN_MS) });
  return token;
}

/** While GitHub gives no new token, the last one is used until it expires; after a refusal it is not. */
function lastResort({ cached }: State, id: string, { error }: Failure, now: number): AppToken {
  const known = PASSING.has(error.code) ? cached.get(id)?.token : undefined;
  if (known && now < known.expiresAt - MARGIN_MS) return known;
  throw error;
}

function failureAfter(error: FlowError, last: Failure | undefined, now: number): Failure {
  const count = (last?.count ?? 0) + 1;
  const usual = PASSING.has(error.code) ? backoff(WAITS_MS, count - 1) : FIX_WAIT_MS;
  const requestedMs = Math.min(limitPassesInMs(error, now) ?? 0, LONGEST_LIMIT_MS);
  return { error, count, nextAt: now + Math.max(usual, requestedMs) };
}

/** The record is for people: a database that does not answer delays no token. */
async function write({ log }: AppTokensParts, writing: Promise<void> | undefined): Promise<void> {
  await writing?.catch((error: unknown) => log.warn({ err: error }, 'the state of a token was not recorded'));
}
