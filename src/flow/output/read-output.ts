import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { outputFile } from '../../containers/output/log-file.ts';
import type { OutputOf, OutputStore } from '../../runs/store/output-store.ts';
import { runLogDirectory } from '../paths.ts';

/** Kept output as it stands in its file: JSON lines, perhaps cut anywhere; `endAt` is the offset behind it, in bytes. */
export type OutputPiece = { text: string; endAt: number };

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
