import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../base/clock.ts';
import { outputFile } from '../../containers/output/log-file.ts';
import { decodeLine, type OutputLine } from '../../containers/output/output-line.ts';
import type { Run } from '../../runs/run.ts';
import type { OutputOf, OutputStore } from '../../runs/store/output-store.ts';
import { runLogDirectory } from '../paths.ts';

/** Kept output as it stands in its file: JSON lines, perhaps cut anywhere; `endAt` is the offset behind it, in bytes. */
type OutputPiece = { text: string; endAt: number };

/**
 * What an attempt printed, from an offset on to where it is kept now: from its file where this host has it, else from
 * the database, where its own host puts it. Both have the same offsets. Nothing when it printed nothing yet.
 */
export async function* readOutputFrom(
  parts: { varDir: string; output: Pick<OutputStore, 'read'> },
  of: OutputOf,
  offset: number,
): AsyncGenerator<OutputPiece> {
  const file = outputFile(runLogDirectory(parts.varDir, { id: of.runId, attempt: of.attempt }));
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) yield* fromRows(parts.output, of, offset);
  else if (size > offset) yield* fromFile(file, offset, size);
}

async function* fromFile(file: string, offset: number, size: number): AsyncGenerator<OutputPiece> {
  const decoder = new StringDecoder('utf8');
  let endAt = offset;
  for await (const chunk of createReadStream(file, {
    start: offset,
    end: size - 1,
  }) as AsyncIterable<Buffer>) {
    endAt += chunk.length;
    yield { text: decoder.write(chunk), endAt };
  }
}

async function* fromRows(
  output: Pick<OutputStore, 'read'>,
  of: OutputOf,
  offset: number,
): AsyncGenerator<OutputPiece> {
  for (let at = offset; ; ) {
    const chunks = await output.read(of, at);
    if (chunks.length === 0) return;
    for (const { startAt, endAt, text } of chunks) {
      yield { text: startAt < at ? Buffer.from(text).toString('utf8', at - startAt) : text, endAt };
      at = endAt;
    }
  }
}

/** The last entries of what an attempt printed, from at most `bytes` of what is kept, wherever that is; `isWhole` when there is nothing before them. */
export async function readOutputTail(
  parts: { varDir: string; output: Pick<OutputStore, 'read' | 'storedTo'> },
  of: OutputOf,
  bytes: number,
): Promise<{ entries: OutputLine[]; isWhole: boolean }> {
  const file = outputFile(runLogDirectory(parts.varDir, { id: of.runId, attempt: of.attempt }));
  const size = await stat(file).then(
    (found) => found.size,
    async () => await parts.output.storedTo(of),
  );
  const from = Math.max(0, size - bytes);
  let text = '';
  for await (const piece of readOutputFrom(parts, of, from)) text += piece.text;
  // What the first line began with lies before, and what follows the last line end is still being written.
  const lines = text.split('\n').slice(from === 0 ? 0 : 1, -1);
  const entries = lines.map(decodeLine).filter((entry) => entry !== undefined);
  return { entries, isWhole: from === 0 };
}

const LOOK_EVERY_MS = 300;

/**
 * Whole lines of what the current attempt of a run printed, and those to come, attempts after it too, until the run
 * has ended when `follow` is set. Ends when the signal aborts.
 */
export async function* followRunOutput(
  parts: {
    varDir: string;
    output: Pick<OutputStore, 'read'>;
    run: () => Promise<Run>;
    clock: Clock;
  },
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  let attempt = Math.max(1, (await parts.run()).attempt);
  let at = 0;
  let rest = '';
  while (!signal.aborted) {
    const run = await parts.run();
    for await (const { text, endAt } of readOutputFrom(parts, { runId: run.id, attempt }, at)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      at = endAt;
      yield* lines;
    }
    if (run.attempt > attempt) {
      attempt = run.attempt;
      at = 0;
      rest = '';
    } else if (!follow || run.state === 'ended') return;
    else await parts.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}
