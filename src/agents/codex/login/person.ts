import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ContainerCreateOptions } from 'dockerode';
import { unlessAborted } from '../../../base/cancel.ts';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FlowError, systemCode } from '../../../base/errors.ts';
import { makeDirectory, type Owner } from '../../../base/files.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { printOutput } from '../../../containers/output/log-stream.ts';
import { inspectCodexState } from '../state/state.ts';
import {
  type CodexContainer,
  codexInteractiveSpec,
  codexLoginSpec,
  INTERACTIVE_CONTAINER,
  LOGIN_CONTAINER,
} from './containers.ts';
import { holdCodexState, loginUnderWay, runUnderWay } from './hold.ts';
import { writableState } from './refresh-container.ts';

/** A person who wants to use a Codex state. */
export type CodexPerson = {
  engine: Engine;
  /** The agent's image. */
  image: string;
  /** Made, with the directory it is in, when it is not there. */
  stateDir: string;
  /** Who Codex runs as, and whose the state is. */
  owner: Owner;
  /** Called with the output of a login as it comes, and with what has to be waited for. */
  print: (text: string) => void;
  /** Resolves when the person interrupts it. */
  interrupted: Promise<void>;
  clock: Clock;
};

/** The one container of its kind, and the errors of a person who is too late for it or leaves it. */
type PersonContainer = {
  spec: (place: CodexContainer) => ContainerCreateOptions;
  name: string;
  underWay: () => FlowError;
  interrupted: () => FlowError;
};

/** Issues of a state that a login does not remove: it could not be written, or not be shared afterwards. */
const IN_THE_WAY = [
  'codex_state_unreadable',
  'codex_state_readable_by_others',
  'codex_state_wrong_owner',
  'codex_config_broken',
  'codex_login_not_in_file',
];

/** How long a person waits for a refresh that is under way: longer than one can last. */
const WAIT_MS = 6 * 60_000;

/**
 * Creates a container that holds the state directory, writable, and nothing else, and gives it to `work` while nobody
 * else may write the state; it is gone afterwards, however it went. Throws the person's errors, `codex_state_not_made`,
 * `codex_state_of_another_user`, the codes of `holdCodexState`, the errors of a state that is in the way, and the
 * engine's codes.
 */
async function withCodexContainer<T>(
  person: CodexPerson,
  container: PersonContainer,
  work: (id: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { engine, owner, image, clock } = person;
  await engine.inspectImage(image);
  const stateDir = await readyState(person);
  await engine.ensureNetwork();
  const over = new AbortController();
  void person.interrupted.then(() => over.abort(container.interrupted()));
  const hold = { engine, owner, stateDir, clock, waitMs: WAIT_MS, signal: over.signal };
  const onWait = (issue: FlowError): void => person.print(`${issue.message} It is waited for.\n`);
  return await holdCodexState({ ...hold, people: 'refuse', onWait }, async () => {
    const id = await createAlone(engine, container, { image, stateDir, owner });
    try {
      return await unlessAborted(work(id, over.signal), over.signal);
    } finally {
      over.abort();
      await engine.remove(id);
    }
  });
}

/** The real path of a state directory that Codex can write to as its owner. */
async function readyState({ stateDir, owner, clock }: CodexPerson): Promise<string> {
  try {
    await makeDirectory(dirname(stateDir), { mode: 0o700 });
    await makeDirectory(stateDir, { mode: 0o700, owner });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw stateNotMade(stateDir, error);
  }
  const { problems } = await inspectCodexState(stateDir, clock.now());
  const problem = problems.find(({ code }) => IN_THE_WAY.includes(code));
  if (problem) throw new FlowError({ ...problem, blame: 'operator' });
  return await writableState(stateDir, owner);
}

/** A killed command may have left its container behind; one that still runs belongs to another command. */
async function createAlone(
  engine: Engine,
  { spec, name, underWay }: PersonContainer,
  place: CodexContainer,
): Promise<string> {
  try {
    return await engine.create(spec(place));
  } catch (error) {
    if (asFlowError(error).code !== 'container_exists') throw error;
    if (!(await engine.removeEnded(name))) throw underWay();
    return await engine.create(spec(place));
  }
}

function stateNotMade(dir: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'codex_state_not_made',
    blame: 'operator',
    message: `The directory ${dir} for the Codex login could not be made (${systemCode(cause) ?? String(cause)}).`,
    hint: 'Make the directory above it writable for this user, or set SECRETS_DIR to one that is.',
    cause,
  });
}

/** Logs in to Codex, once. Throws `codex_login_failed`, `codex_login_interrupted` and the codes of `withCodexContainer`. */
export async function codexLogin(person: CodexPerson): Promise<void> {
  const container = {
    ...{ spec: codexLoginSpec, name: LOGIN_CONTAINER },
    ...{ underWay: loginUnderWay, interrupted: loginInterrupted },
  };
  const exitCode = await withCodexContainer(person, container, async (id, signal) => {
    const { engine, print } = person;
    await engine.start(id);
    await printOutput(engine, id, print, signal);
    await engine.wait(id, signal);
    return (await engine.inspect(id)).exitCode;
  });
  if (exitCode !== 0) throw loginFailed(exitCode);
}

function loginFailed(exitCode: number): FlowError {
  return new FlowError({
    code: 'codex_login_failed',
    blame: 'operator',
    message: `Codex did not log in; it ended with exit code ${exitCode} and the output above.`,
    hint: 'Allow device login in the security settings of the ChatGPT account or workspace, see that auth.openai.com can be reached from a container, and try again.',
  });
}

function loginInterrupted(): FlowError {
  return new FlowError({
    code: 'codex_login_interrupted',
    blame: 'operator',
    message: 'The login was interrupted; its container is gone, and the state is as Codex left it.',
    hint: 'Begin again with `github-flows codex login`; the code that was shown is of no more use.',
  });
}

/** A person's terminal, in raw mode: every key goes into the container, and its output comes out. */
export type Terminal = {
  /** The value of TERM. */
  kind: string;
  size(): { rows: number; columns: number };
  /** Calls back whenever the size has changed, until the function it gives is called. */
  onResize(changed: () => void): () => void;
  /** Joins the terminal and a container's; gives the function that sets the terminal back to what it was. */
  join(container: Duplex): () => void;
};

/**
 * Opens Codex on the person's terminal, with the host's own login. Gives Codex's exit code. Throws
 * `codex_run_interrupted` and the codes of `withCodexContainer`.
 */
export async function codexInteractive(person: CodexPerson, terminal: Terminal): Promise<number> {
  const container = {
    spec: (place: CodexContainer) => codexInteractiveSpec(place, terminal.kind),
    ...{ name: INTERACTIVE_CONTAINER, underWay: runUnderWay, interrupted: runInterrupted },
  };
  return await withCodexContainer(
    person,
    container,
    async (id, signal) => await converse(person.engine, terminal, id, signal),
  );
}

/** Attached before the start, so that nothing of what Codex shows is missed. */
async function converse(
  engine: Engine,
  terminal: Terminal,
  id: string,
  signal: AbortSignal,
): Promise<number> {
  const stream = await engine.attachTerminal(id, signal);
  const adjust = (): void => void engine.resize(id, terminal.size()).catch(() => undefined);
  const restore = terminal.join(stream);
  const stopFitting = terminal.onResize(adjust);
  try {
    await engine.start(id);
    adjust();
    await unlessAborted(engine.wait(id, signal), signal);
    return (await engine.inspect(id)).exitCode;
  } finally {
    stopFitting();
    restore();
    stream.destroy();
  }
}

function runInterrupted(): FlowError {
  return new FlowError({
    code: 'codex_run_interrupted',
    blame: 'operator',
    message: 'Codex was interrupted; its container is gone, and the state is as Codex left it.',
    hint: 'Open it again with `github-flows codex run` when you want it.',
  });
}
