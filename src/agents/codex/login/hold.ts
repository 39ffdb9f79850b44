import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { FoundContainer } from '../../../containers/engine/container-life.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { withFileLock } from '../../../db/sqlite/file-lock.ts';
import { INTERACTIVE_CONTAINER, LOGIN_CONTAINER, STATE_LABELS } from './containers.ts';

/** A request for a Codex state of one's own. */
export type CodexHold = {
  engine: Engine;
  clock: Clock;
  /** The real path of the state. */
  stateDir: string;
  owner: Owner;
  /** How long others are waited for: refreshes always, people only with `people: 'wait'`. */
  waitMs: number;
  people: 'wait' | 'refuse';
  signal: AbortSignal;
  /** Called once with the error that another process uses the state, before the wait begins. */
  onWait?: (issue: FlowError) => void;
};

/** The lock lies in the state itself, so that all services and commands share it. */
const LOCK_FILE = '.github-flows.lock';

const LOCK_MS = 200;
const AGAIN_MS = 300;

/** Codes of a state that another process uses. */
const BUSY = ['file_locked', 'codex_login_under_way', 'codex_run_under_way', 'codex_refresh_under_way'];

/**
 * Runs `work` while no other process may write the Codex state: under a lock that the kernel frees when this process dies,
 * and only when no container of a dead process uses it. Such a refresh is waited for, and
 * removed when it has ended; it is never stopped, because its new token would be lost.
 *
 * Throws `codex_login_under_way`, `codex_run_under_way`, `codex_refresh_under_way`, `file_locked`,
 * `database_unavailable` when the lock cannot be made, the engine's codes, the signal's reason, and what `work` throws.
 */
export async function holdCodexState<T>(hold: CodexHold, work: () => Promise<T>): Promise<T> {
  const { clock, owner, signal, stateDir } = hold;
  const until = clock.now() + hold.waitMs;
  let notified = false;
  for (;;) {
    let begun = false;
    try {
      return await withFileLock(join(stateDir, LOCK_FILE), { clock, waitMs: LOCK_MS, owner }, async () => {
        await settle(hold, until);
        begun = true;
        return await work();
      });
    } catch (error) {
      const issue = begun ? undefined : await busyError(hold, error);
      if (!issue || clock.now() >= until || isRefused(hold, issue)) throw issue ?? error;
      if (!notified) hold.onWait?.(issue);
      notified = true;
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}

/** Removes ended containers, waits for a refresh of a dead process, and refuses while a person uses the state. */
async function settle(hold: CodexHold, until: number): Promise<void> {
  for (const { id, name, labels } of await workers(hold)) {
    while (!(await hold.engine.removeEnded(id))) {
      if (!(STATE_LABELS.refresh in labels)) throw personAtWork(name);
      if (hold.clock.now() >= until) throw refreshUnderWay(name);
      await waitFor(hold, id, until);
    }
  }
}

async function waitFor({ engine, clock, signal }: CodexHold, id: string, until: number): Promise<void> {
  const late = AbortSignal.timeout(Math.max(1, until - clock.now()));
  try {
    await engine.wait(id, AbortSignal.any([signal, late]));
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted && asFlowError(error).code !== 'container_gone') throw error;
  }
}

/** Every container that has the state mounted. */
async function workers({ engine, stateDir }: CodexHold): Promise<FoundContainer[]> {
  return await engine.find([`${STATE_LABELS.state}=${stateDir}`]);
}

/** The error to report when another process uses the state: what it does, if a container shows it. */
async function busyError(hold: CodexHold, error: unknown): Promise<FlowError | undefined> {
  const issue = asFlowError(error);
  if (!BUSY.includes(issue.code)) return undefined;
  if (issue.code !== 'file_locked') return issue;
  const person = (await workers(hold)).find(
    ({ running, labels }) => running && !(STATE_LABELS.refresh in labels),
  );
  return person ? personAtWork(person.name) : issue;
}

function isRefused({ people }: CodexHold, { code }: FlowError): boolean {
  return people === 'refuse' && (code === 'codex_login_under_way' || code === 'codex_run_under_way');
}

function personAtWork(name: string): FlowError {
  return name === INTERACTIVE_CONTAINER ? runUnderWay() : loginUnderWay();
}

/** A login for this state or for another one: the container has a fixed name. */
export function loginUnderWay(): FlowError {
  return new FlowError({
    code: 'codex_login_under_way',
    blame: 'operator',
    message: `Another login is under way: the container ${LOGIN_CONTAINER} runs.`,
    hint: `Finish that one; if nobody waits for it, remove it with \`docker rm -f ${LOGIN_CONTAINER}\` and try again.`,
  });
}

/** Likewise for the interactive Codex. */
export function runUnderWay(): FlowError {
  return new FlowError({
    code: 'codex_run_under_way',
    blame: 'operator',
    message: `Somebody is using Codex on this login: the container ${INTERACTIVE_CONTAINER} runs.`,
    hint: `Leave that Codex; if nobody sits at it, remove it with \`docker rm -f ${INTERACTIVE_CONTAINER}\` and try again.`,
  });
}

function refreshUnderWay(name: string): FlowError {
  return new FlowError({
    code: 'codex_refresh_under_way',
    blame: 'operator',
    message: `The Codex login is being refreshed: the container ${name} runs and has not come to its end.`,
    hint: `Wait until it ends, at most five minutes after its start, and try again; removing it before could end the login.`,
  });
}
