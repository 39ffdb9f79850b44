import { stat } from 'node:fs/promises';
import { outputFile } from '../../containers/output/log-file.ts';
import { decodeLine, type OutputLine } from '../../containers/output/output-line.ts';
import type { OutputOf, OutputStore } from '../../runs/store/output-store.ts';
import { runLogDirectory } from '../paths.ts';
import { readOutputFrom } from './read-output.ts';

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
