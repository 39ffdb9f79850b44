import type { Duplex } from 'node:stream';
import { unlessAborted } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import { codexInteractiveSpec, INTERACTIVE_CONTAINER } from '../../containers/create/codex-spec.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { holdCodexState, runUnderWay } from './codex-hold.ts';
import { readyState } from './codex-login.ts';

/** A person's terminal, in raw mode: every key goes into the container, and everything it says comes out. */
export type Terminal = {
  /** What TERM says. */
  kind: string;
  size(): { rows: number; columns: number };
  /** Calls back whenever the size has changed, until the function it gives is called. */
  onResize(changed: () => void): () => void;
  /** Joins the terminal and a container's; gives the function that sets the terminal back to what it was. */
  join(container: Duplex): () => void;
};

/** What an interactive Codex takes. */
export type CodexInteractive = {
  engine: Engine;
  image: string;
  stateDir: string;
  owner: Owner;
  terminal: Terminal;
  /** Called with what has to be waited for. */
  print: (text: string) => void;
  interrupted: Promise<void>;
  clock: Clock;
};

/** How long a refresh that is under way is waited for: longer than one can last. */
const WAIT_MS = 6 * 60_000;

/**
 * Opens Codex on the person's terminal, in a container that holds the host's own login, writable, and nothing else, while
 * nobody else may write it. Gives Codex's exit code; the container is gone afterwards. Throws `codex_run_interrupted`,
 * the codes of `readyState` and `holdCodexState`, and the engine's.
 */
export async function codexInteractive(interactive: CodexInteractive): Promise<number> {
  const { engine, image, owner, terminal, clock } = interactive;
  await engine.inspectImage(image);
  const stateDir = await readyState(interactive);
  await engine.ensureNetwork();
  const over = new AbortController();
  void interactive.interrupted.then(() => over.abort(runInterrupted()));
  const hold = { engine, owner, stateDir, clock, waitMs: WAIT_MS, signal: over.signal };
  const onWait = (fault: FlowError): void => interactive.print(`${fault.message} It is waited for.\n`);
  return await holdCodexState({ ...hold, people: 'refuse', onWait }, async () => {
    const id = await createAlone(engine, codexInteractiveSpec({ image, stateDir, owner }, terminal.kind));
    try {
      return await unlessAborted(converse(engine, terminal, id, over.signal), over.signal);
    } finally {
      over.abort();
      await engine.remove(id);
    }
  });
}

async function createAlone(engine: Engine, spec: ReturnType<typeof codexInteractiveSpec>): Promise<string> {
  try {
    return await engine.create(spec);
  } catch (error) {
    if (asFlowError(error).code !== 'container_exists') throw error;
    if (!(await engine.removeEnded(INTERACTIVE_CONTAINER))) throw runUnderWay();
    return await engine.create(spec);
  }
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
