import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type LogFile, openLogFile, outputFile } from '../../src/containers/output/log-file.ts';
import { createPosition } from '../../src/containers/output/log-position.ts';
import type { OutputLine } from '../../src/containers/output/output-line.ts';
import { keptLines, withDirectory } from '../support/engine/output-lines.ts';

const AT = '2026-01-02T03:04:05.000000000Z';
const position = createPosition().save();
const line = (text: string): OutputLine => ({ at: AT, stream: 'stdout', text });

async function opened(
  dir: string,
  capBytes: number,
): Promise<{ file: LogFile; kept: OutputLine[]; cut: unknown }> {
  const kept: OutputLine[] = [];
  const { file, cut } = await openLogFile(dir, capBytes, (one) => void kept.push(one));
  return { file, kept, cut };
}

test('what is added is read back, and given again when the file is opened again', async () => {
  await withDirectory(async (dir) => {
    const lines = [line('a'), { ...line('<b> & "c" \u2028 \0 \ud800'), stream: 'stderr' as const }, line('')];
    const first = await opened(dir, 1_000_000);
    await first.file.add(lines, position);
    await first.file.close();
    expect(await keptLines(dir)).toEqual(lines);
    expect(statSync(outputFile(dir)).mode & 0o777).toBe(0o600);
    const second = await opened(dir, 1_000_000);
    await second.file.add([line('d')], position);
    await second.file.close();
    expect(second.kept).toEqual(lines);
    expect(await keptLines(dir)).toEqual([...lines, line('d')]);
  });
});

test('a file never grows beyond its cap, and its last line says how much was not kept', async () => {
  await withDirectory(async (dir) => {
    const { file } = await opened(dir, 10_000);
    for (let number = 0; number < 1_000; number += 1)
      await file.add([line(`line ${number}`), line('ü')], position);
    await file.close();
    expect(statSync(outputFile(dir)).size).toBeLessThanOrEqual(10_000);
    const lines = await keptLines(dir);
    const last = lines.pop();
    expect(last).toMatchObject({ stream: 'service', cut: { lines: 2_000 - lines.length } });
    expect(last?.text).toMatch(
      /^\[The log is full at its cap of 10000 bytes; \d+ later bytes .* not kept\.\]$/,
    );
    expect(lines.filter((_one, index) => index % 2 === 0).map(({ text }) => text)).toEqual(
      Array.from({ length: Math.ceil(lines.length / 2) }, (_one, number) => `line ${number}`),
    );
  });
});

test('a cut file stays cut when it is opened again, and goes on counting', async () => {
  await withDirectory(async (dir) => {
    const first = await opened(dir, 3_000);
    await first.file.add(
      Array.from({ length: 100 }, () => line('x'.repeat(99))),
      position,
    );
    await first.file.close();
    const second = await opened(dir, 3_000);
    expect(second.cut).toMatchObject({ lines: expect.any(Number), position });
    await second.file.add([line('x'.repeat(99))], position);
    await second.file.close();
    const lines = await keptLines(dir);
    const keptCount = lines.length - 1;
    expect(lines.at(-1)).toMatchObject({ cut: { lines: 101 - keptCount, bytes: (101 - keptCount) * 100 } });
    expect(second.kept).toHaveLength(keptCount);
  });
});

test('the line of a cut file has room for the longest position there can be', async () => {
  await withDirectory(async (dir) => {
    const seen = Number.MAX_SAFE_INTEGER;
    const marks = Array.from({ length: 3 }, () => ({ since: AT, first: AT, seen }));
    const { file } = await opened(dir, 1_500);
    await file.add(
      Array.from({ length: 20 }, () => line('y'.repeat(100))),
      { marks, newest: AT, open: { stdout: AT, stderr: AT } },
    );
    await file.close();
    expect(statSync(outputFile(dir)).size).toBeLessThanOrEqual(1_500);
    expect((await keptLines(dir)).at(-1)).toMatchObject({ cut: { position: { marks } } });
  });
});

test('a last line that a crash tore is taken away, wherever it was torn', async () => {
  await withDirectory(async (dir) => {
    const first = await opened(dir, 100_000);
    await first.file.add([line('one'), line('two')], position);
    await first.file.close();
    const whole = readFileSync(outputFile(dir));
    const lineEnd = whole.indexOf(10) + 1;
    for (let length = lineEnd; length < whole.length; length += 1) {
      truncateSync(outputFile(dir), length);
      const again = await opened(dir, 100_000);
      expect(again.kept).toEqual([line('one')]);
      await again.file.add([line('two')], position);
      await again.file.close();
      expect(readFileSync(outputFile(dir))).toEqual(whole);
    }
  });
});

test('lines that are none of ours are passed over', async () => {
  await withDirectory(async (dir) => {
    writeFileSync(outputFile(dir), 'not json\n[]\nnull\n{"at":1}\n\n');
    appendFileSync(outputFile(dir), `${JSON.stringify(line('ours'))}\n`);
    expect(await keptLines(dir)).toEqual([line('ours')]);
    const { file, kept } = await opened(dir, 100_000);
    await file.close();
    expect(kept).toEqual([line('ours')]);
  });
});

test('there is no output where there is no file, and no file where there is no directory', async () => {
  expect(await keptLines('/nowhere/at/all')).toEqual([]);
  await expect(openLogFile('/nowhere/at/all', 1_000, () => {})).rejects.toMatchObject({ code: 'ENOENT' });
});
