import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeLine } from '../../src/containers/output/output-line.ts';
import { readOutputTail } from '../../src/flow/output/read-output.ts';
import type { OutputChunk } from '../../src/runs/store/output-store.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const OF = { runId: 'r', attempt: 1 };
const lines = Array.from({ length: 50 }, (_, index) =>
  encodeLine({ at: '2030', stream: 'stdout', text: `${index} ${'ü€😀'.repeat(20)}` }),
);

/** Output that lies on another host: what the database has of it. */
function rows(text: string) {
  const chunk: OutputChunk = { startAt: 0, endAt: Buffer.byteLength(text), text };
  return {
    storedTo: async () => chunk.endAt,
    read: async (_of: typeof OF, from: number) => (from < chunk.endAt ? [chunk] : []),
  };
}

async function varDirWith(text: string | undefined): Promise<string> {
  const varDir = await temporaryDirectory();
  const directory = join(varDir, 'log/runs/r/1');
  await mkdir(directory, { recursive: true });
  if (text !== undefined) await writeFile(join(directory, 'output.jsonl'), text);
  return varDir;
}

test.each(['file', 'rows'])(
  'the tail of an output in %s is its last whole lines, wherever it begins',
  async (place) => {
    const text = `${lines.join('')}{"at":"2030","stream":"stdo`;
    const varDir = await varDirWith(place === 'file' ? text : undefined);
    for (let bytes = 1_000; bytes < 1_020; bytes += 1) {
      const { entries, isWhole } = await readOutputTail({ varDir, output: rows(text) }, OF, bytes);
      const numbers = entries.map((entry) => Number.parseInt(entry.text, 10));
      expect(isWhole).toBe(false);
      expect(numbers.length).toBeGreaterThan(2);
      expect(numbers).toEqual(Array.from(numbers, (_, index) => 50 - numbers.length + index));
      expect(entries.map((entry) => entry.text).join('')).not.toContain('\ufffd');
    }
  },
);

test('an output shorter than the tail is whole, and one that was never made is empty', async () => {
  const text = lines.slice(0, 3).join('');
  const whole = await readOutputTail({ varDir: await varDirWith(text), output: rows('') }, OF, 100_000);
  expect([whole.entries.length, whole.isWhole]).toEqual([3, true]);
  const none = await readOutputTail({ varDir: await varDirWith(undefined), output: rows('') }, OF, 100_000);
  expect(none).toEqual({ entries: [], isWhole: true });
});
