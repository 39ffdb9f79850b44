import type { Duplex } from 'node:stream';
import { containerGone } from '../errors.ts';
import { type CallEngine, NO_TIMEOUT } from './engine-call.ts';

/** The calls for a container with a terminal of its own; `Engine` says what each does. */
export function containerTerminal(call: CallEngine) {
  return {
    attachTerminal: (id: string, signal: AbortSignal): Promise<Duplex> => {
      const faults = { 404: (_words: string, cause: unknown) => containerGone(id, cause) };
      const lasting = { what: 'attach to a terminal', signal, timeoutMs: NO_TIMEOUT, faults };
      return call(lasting, async (docker, abortSignal) => {
        const wanted = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true } as const;
        return (await docker.getContainer(id).attach({ ...wanted, abortSignal })) as unknown as Duplex;
      });
    },
    resize: async (id: string, { rows, columns }: { rows: number; columns: number }): Promise<void> => {
      // What does not run has no terminal to change: 404 and 409, or 500 with words.
      const answers = { 404: undefined, 409: undefined, 500: undefined };
      await call<void>({ what: 'change the size of a terminal', answers }, async (docker, abortSignal) => {
        await docker.getContainer(id).resize({ h: rows, w: columns, abortSignal });
      });
    },
  };
}
