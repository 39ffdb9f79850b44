import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { FoundContainer } from '../../../containers/engine/container-life.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { withFileLock } from '../../../db/sqlite/file-lock.ts';
import { INTERACTIVE_CONTAINER, LOGIN_CONTAINER, STATE_LABELS } from './containers.ts';

/** Who wants a Codex state for itself. */
export type CodexHold = {
  engine: Engine;
  clock: Clock;
  /** The real path of the state. */
  stateDir: string;
  owner: Owner;
  /** How long others are waited for: refreshes always, people only when `people` says so. */
  waitMs: number;
  people: 'wait' | 'refuse';
  signal: AbortSignal;
  /** Called once with the fault that somebody else is at it, when that has to be waited for. */
  onWait?: (fault: FlowError) => void;
};

/** Lies in the state itself, so that every service and command that works on the state meets there. */
const LOCK_FILE = '.github-flows.lock';

const LOCK_MS = 200;
const AGAIN_MS = 300;

/** What says that the state is somebody else's for now. */
const BUSY = ['file_locked', 'codex_login_under_way', 'codex_run_under_way', 'codex_refresh_under_way'];

/**
 * Runs `work` while nobody else may write the Codex state: under a lock that the kernel frees when this process dies,
 * and only when no container is at it that a process which died has left. A refresh that was left so is waited for, and
 * cleared away when it is over; it is never stopped, because the token that it has just been given would be lost.
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
      const fault = begun ? undefined : await busyFault(hold, error);
      if (!fault || clock.now() >= until || isRefused(hold, fault)) throw fault ?? error;
      if (!notified) hold.onWait?.(fault);
      notified = true;
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}

/** Clears away what is over; waits for a refresh that nobody who lives has started, and leaves people alone. */
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

/** Every container that holds the state. */
async function workers({ engine, stateDir }: CodexHold): Promise<FoundContainer[]> {
  return await engine.find([`${STATE_LABELS.state}=${stateDir}`]);
}

/** The fault to tell when the state is somebody else's: what that one is doing, as far as a container says. */
async function busyFault(hold: CodexHold, error: unknown): Promise<FlowError | undefined> {
  const fault = asFlowError(error);
  if (!BUSY.includes(fault.code)) return undefined;
  if (fault.code !== 'file_locked') return fault;
  const person = (await workers(hold)).find(
    ({ running, labels }) => running && !(STATE_LABELS.refresh in labels),
  );
  return person ? personAtWork(person.name) : fault;
}

function isRefused({ people }: CodexHold, { code }: FlowError): boolean {
  return people === 'refuse' && (code === 'codex_login_under_way' || code === 'codex_run_under_way');
}

function personAtWork(name: string): FlowError {
  return name === INTERACTIVE_CONTAINER ? runUnderWay() : loginUnderWay();
}

/** A login for this state, or for another one: there is one container of that name. */
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
