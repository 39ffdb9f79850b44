import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { outputFile } from '../../src/containers/output/log-file.ts';
import { supervise } from '../../src/containers/supervise/supervise.ts';
import { createRedactor } from '../../src/log/redact.ts';
import {
  type ContainerRun,
  containerRun,
  engine,
  type PlanChanges,
  superviseOptions,
} from '../support/engine/container-run.ts';
import { size } from '../support/suite/size.ts';

const MIB = 1024 ** 2;
const open: ContainerRun[] = [];

function begin(script: string, changes: PlanChanges = {}): ContainerRun {
  const run = containerRun(script, changes);
  open.push(run);
  return run;
}

afterEach(async () => {
  for (const run of open.splice(0)) await run.dispose();
});

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_none, index) => `${from + index}\n`).join('');

test('the last words of an agent that ends at once are all there, on both streams', async () => {
  for (let count = 0; count < size(2, 8); count += 1) {
    const run = begin('seq 1 3000; (seq 1 2000 >&2) & seq 3001 5000; wait; printf end');
    expect(await run.run()).toMatchObject({ exitCode: 0 });
    expect(await run.text('stdout')).toBe(`${numbers(1, 5000)}end`);
    expect(await run.text('stderr')).toBe(numbers(1, 2000));
  }
});

test('a flood is kept without a gap up to the cap, then cut and said so', async () => {
  const run = begin('seq 1 200000', { limits: { logBytes: 2 * MIB } });
  expect(await run.run()).toMatchObject({ endedBy: 'exit', exitCode: 0 });
  const lines = await run.lines();
  const last = lines.pop();
  expect(last).toMatchObject({
    stream: 'service',
    text: expect.stringContaining('full at its cap of 2097152 bytes'),
  });
  expect(lines.map(({ text }) => `${text}\n`).join('')).toBe(numbers(1, lines.length));
  expect(lines.length).toBeGreaterThan(20_000);
  expect(statSync(outputFile(run.log)).size).toBeLessThanOrEqual(2 * MIB);
});

test('services that come and go in the middle of a flood leave no gap and no double', async () => {
  const script =
    'for i in $(seq 60); do seq $((i*500-499)) $((i*500)); seq $((i*500-499)) $((i*500)) >&2; sleep 0.02; done';
  const run = begin(script);
  const id = await run.start();
  for (let count = 0; count < 4; count += 1) {
    const detach = new AbortController();
    const left = supervise({ ...superviseOptions(run.plan, id, run.log), detach: detach.signal });
    await sleep(150 + 97 * count);
    detach.abort();
    await left;
  }
  expect(await run.supervise(id)).toMatchObject({ endedBy: 'exit', exitCode: 0 });
  expect(await run.text('stdout')).toBe(numbers(1, 30_000));
  expect(await run.text('stderr')).toBe(numbers(1, 30_000));
  await engine.remove(id);
});

test('ten caps of output end the run, on time, in memory that stays flat', async () => {
  const bytes = size(20, 1_100) * MIB;
  const run = begin(
    `trap '' TERM; yes 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef | head -c ${bytes}; sleep 100`,
    {
      limits: { logBytes: size(1, 20) * MIB, graceSec: 1 },
    },
  );
  const id = await run.start();
  const before = process.memoryUsage().rss;
  let peak = before;
  const meter = systemClock.every(50, () => {
    peak = Math.max(peak, process.memoryUsage().rss);
  });
  const end = await run.supervise(id);
  meter.stop();
  expect(end).toMatchObject({ endedBy: 'output_limit' });
  expect((peak - before) / MIB).toBeLessThan(150);
  await engine.remove(id);
}, 240_000);

test('a line of many megabytes without a newline is kept in parts, and nothing of it is lost', async () => {
  const run = begin("head -c 10000000 /dev/zero | tr '\\0' x; echo; echo after");
  let longest = 0;
  await run.run({
    onLine(line) {
      longest = Math.max(longest, line.text.length);
    },
  });
  expect(await run.text('stdout')).toBe(`${'x'.repeat(10_000_000)}\nafter\n`);
  expect(longest).toBeLessThanOrEqual(64 * 1024);
});

test('bytes that are no text do not end the reading', async () => {
  const run = begin("head -c 300000 /dev/urandom; printf '\\nü \\xff\\x00 end\\n'");
  expect(await run.run()).toMatchObject({ exitCode: 0 });
  expect(await run.text('stdout')).toMatch(/\nü \ufffd\0 end\n$/);
});

test('a secret is masked however it is printed: plain, in pieces, in base64 over lines', async () => {
  const secret = `ghp_${'Ab1Cd2Ef3Gh4'.repeat(8)}`;
  const redactor = createRedactor();
  redactor.add(secret);
  const script = `echo "token $S"; printf 'url=%s' "$(echo -n "$S" | head -c 20)"; sleep 0.2; echo -n "$S" | tail -c +21; echo; echo and then; echo -n "x$S" | base64; echo -n "$S" | base64 -w 20 >&2; head -c 16380 /dev/zero | tr '\\0' y; echo "$S"`;
  const run = begin(script, { env: { S: secret, HOME: '/home/user' } });
  const heard: string[] = [];
  await run.run({ openMask: () => redactor.stream(), onLine: (line) => void heard.push(line.text) });
  const stdout = await run.text('stdout');
  expect(stdout.startsWith('token [masked]\nurl=[masked]\nand then\n')).toBe(true);
  const encoded = Buffer.from(`x${secret}`).toString('base64');
  for (const text of [stdout, await run.text('stderr'), heard.join('')]) {
    for (const [from, to] of [
      [0, 16],
      [20, 40],
      [60, 76],
    ] as const) {
      expect(text).not.toContain(secret.slice(from, to));
      expect(text).not.toContain(encoded.slice(from + 2, to));
    }
  }
});
