import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { followLog } from '../../src/cli/commands/follow-log.ts';
import { encodeLine, type OutputLine } from '../../src/containers/output/output-line.ts';
import type { Run } from '../../src/runs/run.ts';
import { silentIo } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const line = (text: string, more: Partial<OutputLine> = {}): OutputLine => ({
  at: '2030-01-01T00:00:00.000000000Z',
  stream: 'stdout',
  text,
  ...more,
});

/** What `runs logs` prints of attempts whose output lies in the database, by attempt. */
async function printed(
  attempts: Record<number, OutputLine[]>,
  asked?: number,
  json = false,
): Promise<string> {
  const out: string[] = [];
  await followLog(
    { ...silentIo, out: (text) => void out.push(text) },
    {
      run: async () =>
        ({ id: 'r', attempt: Math.max(...Object.keys(attempts).map(Number)), state: 'ended' }) as Run,
      attempt: asked,
      varDir: await temporaryDirectory(),
      output: {
        read: async ({ attempt }, from) => {
          const text = (attempts[attempt] ?? []).map(encodeLine).join('');
          return from < text.length ? [{ startAt: 0, endAt: text.length, text }] : [];
        },
      },
      follow: true,
      json,
      clock: systemClock,
    },
  );
  return out.join('');
}

test('parts of a line are printed as one line, and a line of the other stream does not run into it', async () => {
  const parts = [
    line('be', { part: true }),
    line('gun'),
    line('cut', { part: true }),
    line('oops', { stream: 'stderr' }),
  ];
  expect(await printed({ 1: parts })).toBe('begun\ncut\noops\n');
});

test('the last attempt is printed unless another is asked for', async () => {
  const attempts = { 1: [line('first')], 2: [line('second')] };
  expect([await printed(attempts), await printed(attempts, 1)]).toEqual(['second\n', 'first\n']);
});

test('what a terminal would obey is left out, and programs get the lines as they are stored', async () => {
  const hostile = [line('a\u001b[31mb\u202ec')];
  expect(await printed({ 1: hostile })).toBe('abc\n');
  expect(await printed({ 1: hostile }, undefined, true)).toBe(encodeLine(hostile[0] as OutputLine));
});
