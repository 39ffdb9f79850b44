import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { unlessAborted } from '../../../base/cancel.ts';
import { type Clock, isoTime } from '../../../base/clock.ts';
import type { FlowError } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { LABELS } from '../../../containers/labels.ts';
import { maskSecrets } from '../../../credentials/inject/mask-secrets.ts';
import type { Logger } from '../../../log/logger.ts';
import type { Redactor } from '../../../log/redact.ts';
import type { LoginRenewal, LoginRequest } from '../../agent.ts';
import { recordRefusedLogin, refreshRefused } from '../state/refused.ts';
import { type RefreshableLogin, refreshableLogin } from '../state/state.ts';
import { STATE_LABELS } from './containers.ts';
import { type CodexHold, holdCodexState } from './hold.ts';
import { isPassing, refreshError, runRefreshContainer, writableState } from './refresh-container.ts';

/** What refreshing takes from the rest of the service. */
type CodexRefreshParts = {
  engine: Engine;
  image: string;
  owner: Owner;
  installation: string;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
};

type PendingRefresh = {
  done: Promise<FlowError | undefined>;
  listeners: Set<(text: string) => void>;
  last?: string;
};

/** Between preparing and the deadline's start lies the clone; a token that ends within it is renewed as well. */
const MARGIN_MS = 2 * 60_000;

/** Longest wait for another holder: a refresh ends by itself within five minutes, a login when its code runs out. */
const WAIT_MS = 10 * 60_000;

/** A token with less than this left gets no second try: its runs are refused, with a hint for the operator. */
const LASTING_MS = 5 * 60_000;

/** Wait before the server gets another request for a login that it refused. */
const REFUSED_MS = 10 * 60_000;

/** So many logins are remembered as renewed. */
const MAX_STATES = 1_000;

const PAUSES_MS = [2_000, 5_000, 15_000];

/**
 * The service's renewal of ChatGPT logins; nothing happens before the first `ensure` or `adopt`. `ensure`
 * leaves anything but a ChatGPT login with a refresh token alone, and throws `codex_refresh_refused`,
 * `codex_refresh_unreachable`, `codex_refresh_failed`, `codex_state_of_another_user`, the codes of `holdCodexState` and
 * of the engine.
 */
export function createCodexRefresh(parts: CodexRefreshParts): LoginRenewal {
  const pending = new Map<string, PendingRefresh>();
  /** For each state the access token that our own last refresh gave, and when. */
  const renewed = new LRUCache<string, { print: string; at: number }>({ max: MAX_STATES });
  const stopping = new AbortController();

  const isWanted = (dir: string, login: RefreshableLogin | undefined, untilMs: number): boolean => {
    if (!login || login.accessExpiresAt > untilMs + MARGIN_MS) return false;
    const last = renewed.get(dir);
    const now = parts.clock.now();
    if (last?.print !== login.accessPrint || login.accessExpiresAt <= now) return true;
    // A new token would expire as much later as this one is old: a refresh is useful only when that is enough.
    return login.accessExpiresAt + (now - last.at) > untilMs;
  };

  const refresh = async (dir: string, seen: RefreshableLogin, notify: (text: string) => void) => {
    if (seen.refusedAt !== null && parts.clock.now() < seen.refusedAt + REFUSED_MS)
      return refreshRefused(dir);
    const issue = await refreshPatiently(parts, { dir, seen, notify, signal: stopping.signal });
    const now = await refreshableLogin(dir);
    if (!issue && now) renewed.set(dir, { print: now.accessPrint, at: parts.clock.now() });
    return issue;
  };

  const joinRefresh = (dir: string, seen: RefreshableLogin): PendingRefresh => {
    const under = pending.get(dir);
    if (under) return under;
    const listeners = new Set<(text: string) => void>();
    const refreshing: PendingRefresh = { done: Promise.resolve(undefined), listeners };
    refreshing.done = refresh(dir, seen, (text) => {
      refreshing.last = text;
      for (const each of listeners) each(text);
    }).finally(() => pending.delete(dir));
    pending.set(dir, refreshing);
    return refreshing;
  };

  return {
    async ensure(dir, { untilMs, signal, note }) {
      if (existsSync(`${dir}/`) && !existsSync(join(dir, 'auth.json')))
        await waitForLogin(parts, dir, { signal, note });
      const before = await refreshableLogin(dir);
      if (!before || !isWanted(dir, before, untilMs)) return;
      await note(
        `The access token of the Codex login ends at ${isoTime(before.accessExpiresAt)}, so it is renewed first.`,
      );
      const refreshing = joinRefresh(dir, before);
      const notify = (text: string): void => void note(text).catch(() => undefined);
      if (refreshing.last) notify(refreshing.last);
      refreshing.listeners.add(notify);
      const issue = await unlessAborted(refreshing.done, signal).finally(() =>
        refreshing.listeners.delete(notify),
      );
      const after = await refreshableLogin(dir);
      if (issue && (!after || after.accessExpiresAt <= untilMs)) throw issue;
      if (issue) await note(`${issue.message} It lasts for this run, and is renewed before a later one.`);
      else if (after)
        await note(
          `The Codex login was renewed; its access token ends at ${isoTime(after.accessExpiresAt)}.`,
        );
    },
    adopt: async () => await adoptLeft(parts, stopping.signal),
    async stop(reason) {
      stopping.abort(reason);
      await Promise.allSettled([...pending.values()].map(({ done }) => done));
    },
  };
}

async function adoptLeft(parts: CodexRefreshParts, signal: AbortSignal): Promise<void> {
  const labels = [`${LABELS.installation}=${parts.installation}`, STATE_LABELS.refresh];
  for (const { id, labels: own } of await parts.engine.find(labels)) {
    const state = own[STATE_LABELS.state];
    if (state === undefined) continue;
    parts.log.info({ container: id, state }, 'Codex login renewal was left running, waiting for it');
    await holdCodexState(holdOf(parts, state, signal), async () => undefined);
  }
}

/** A login begins by removing the old one; a run that needs a share waits for the new one. */
async function waitForLogin(
  parts: CodexRefreshParts,
  dir: string,
  { signal, note }: Pick<LoginRequest, 'signal' | 'note'>,
): Promise<void> {
  const stateDir = await realpath(dir).catch(() => undefined);
  if (stateDir === undefined || (await parts.engine.find([`${STATE_LABELS.state}=${stateDir}`])).length === 0)
    return;
  const onWait = (issue: FlowError): void => void note(waitText(issue)).catch(() => undefined);
  await holdCodexState({ ...holdOf(parts, stateDir, signal), onWait }, async () => undefined);
}

function waitText(issue: FlowError): string {
  return `The Codex login is waited for. ${issue.message}`;
}

type Attempt = { dir: string; seen: RefreshableLogin; notify: (text: string) => void; signal: AbortSignal };

/** Retries while the server cannot be reached and the token lasts long enough. */
async function refreshPatiently(parts: CodexRefreshParts, attempt: Attempt): Promise<FlowError | undefined> {
  for (const pauseMs of PAUSES_MS) {
    const issue = await refreshOnce(parts, attempt);
    if (!issue || !isPassing(issue)) return issue;
    if (attempt.seen.accessExpiresAt < parts.clock.now() + LASTING_MS) return issue;
    attempt.notify(`${issue.message} It is tried again in ${pauseMs / 1000} s.`);
    await parts.clock.sleep(pauseMs, attempt.signal);
  }
  return await refreshOnce(parts, attempt);
}

/** Gives why the login was not renewed; undefined when it is a new one, whichever process renewed it. */
async function refreshOnce(
  parts: CodexRefreshParts,
  { dir, seen, notify, signal }: Attempt,
): Promise<FlowError | undefined> {
  const stateDir = await writableState(dir, parts.owner);
  const onWait = (issue: FlowError): void => notify(waitText(issue));
  return await holdCodexState({ ...holdOf(parts, stateDir, signal), onWait }, async () => {
    const before = await refreshableLogin(stateDir);
    if (before?.accessPrint !== seen.accessPrint) return undefined;
    const { forget } = maskSecrets([], before.secrets, parts.redactor);
    try {
      const output = await runRefreshContainer({ ...parts, stateDir, signal });
      const after = await refreshableLogin(stateDir);
      if (after && after.accessPrint !== before.accessPrint) return undefined;
      const issue = refreshError(dir, output);
      if (issue.code === 'codex_refresh_refused')
        await recordRefusedLogin(
          stateDir,
          { refreshPrint: before.refreshPrint, at: parts.clock.now() },
          parts.owner,
        );
      parts.log.warn(
        { code: issue.code, state: dir, codex: output.slice(-2000) },
        'Codex login was not renewed',
      );
      return issue;
    } finally {
      forget();
    }
  });
}

function holdOf(
  { engine, clock, owner }: CodexRefreshParts,
  stateDir: string,
  signal: AbortSignal,
): CodexHold {
  return { engine, clock, owner, stateDir, signal, waitMs: WAIT_MS, people: 'wait' };
}
