import { open } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { systemCode } from '../../base/errors.ts';
import { outputFile } from '../../containers/output/log-file.ts';
import type { Logger } from '../../log/logger.ts';
import type { OutputOf, OutputStore } from '../../runs/store/output-store.ts';

/** Copies the output that a run's worker keeps in a file into the database, for the other nodes; with SQLite there are none. */
export type OutputShipper = {
  /** Copies what the file of `dir` has more than the database; `isOver` when nothing will be added, so that a last line about the cap goes too. Rejects with the database's codes. */
  ship(of: OutputOf, dir: string, isOver: boolean): Promise<void>;
  /** Copies every half second until `signal` aborts; what fails is retried. */
  follow(of: OutputOf, dir: string, signal: AbortSignal): Promise<void>;
};

/** How much is read and stored at once. */
const CHUNK_BYTES = 256 * 1024;

const EVERY_MS = 500;

/** The last line of a full file is overwritten in place, so it is copied only when nothing more is added. */
const CUT = /"cut":\{/;

/** A shipper into `store`; without one it does nothing. */
export function createOutputShipper(parts: {
  store: OutputStore | undefined;
  clock: Clock;
  log: Logger;
}): OutputShipper {
  const { store, clock, log } = parts;
  if (!store) return { ship: async () => undefined, follow: async () => undefined };
  const ship = async (of: OutputOf, dir: string, isOver: boolean): Promise<void> => {
    const file = await open(outputFile(dir), 'r').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return;
    try {
      let at = await store.storedTo(of);
      if (at > (await file.stat()).size) {
        await store.drop(of);
        at = 0;
      }
      for (;;) {
        const text = await wholeLines(file, at, isOver);
        if (text === '') return;
        const endAt = at + Buffer.byteLength(text);
        await store.add(of, { startAt: at, endAt, text });
        at = endAt;
      }
    } finally {
      await file.close();
    }
  };
  return {
    ship,
    async follow(of, dir, signal) {
      let hasFailed = false;
      while (!signal.aborted) {
        await ship(of, dir, false).then(
          () => {
            hasFailed = false;
          },
          (error: unknown) => {
            if (!hasFailed)
              log.warn({ err: error, run: of.runId }, 'output could not be copied to the database');
            hasFailed = true;
          },
        );
        await clock.sleep(EVERY_MS, signal).catch(() => undefined);
      }
    },
  };
}

/** The whole lines from an offset on, about a chunk of them; a longer line comes alone. */
async function wholeLines(
  file: Awaited<ReturnType<typeof open>>,
  from: number,
  isOver: boolean,
): Promise<string> {
  for (let bytes = CHUNK_BYTES; ; bytes *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, from);
    const read = buffer.subarray(0, bytesRead);
    const end = read.lastIndexOf(10) + 1;
    if (end === 0 && bytesRead === bytes) continue;
    const text = read.toString('utf8', 0, end);
    return isOver ? text : withoutCut(text);
  }
}

function withoutCut(text: string): string {
  const last = text.lastIndexOf('\n', text.length - 2) + 1;
  return CUT.test(text.slice(last)) ? text.slice(0, last) : text;
}
