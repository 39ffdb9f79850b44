import type { Duplex } from 'node:stream';
import { unlessAborted } from '../../../base/cancel.ts';
import { FlowError } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { type CodexContainer, codexInteractiveSpec, INTERACTIVE_CONTAINER } from './containers.ts';
import { runUnderWay } from './hold.ts';
import { type CodexPerson, withCodexContainer } from './person.ts';

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
