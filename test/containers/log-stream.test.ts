import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { NumberedLine } from '../../src/containers/output/log-sink.ts';
import {
  type FollowOptions,
  followOutput,
  type OutputFollower,
} from '../../src/containers/output/log-stream.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { createLogEngine, type LogEngine, type WrittenEntry } from '../support/engine/log-engine.ts';
import { joinLines, keptLines, withDirectory } from '../support/engine/output-lines.ts';

const SECRET = 'ghp_0123456789abcdefghijABCDEFGHIJ456789';

type Heard = { lines: NumberedLine[]; limits: number; logged: string[] };

async function follow(
  engine: LogEngine,
  dir: string,
  changes: Partial<FollowOptions> = {},
): Promise<OutputFollower & { heard: Heard }> {
  const heard: Heard = { lines: [], limits: 0, logged: [] };
  const redactor = createRedactor();
  redactor.add(SECRET);
  const follower = await followOutput({
    engine,
    containerId: 'c',
    dir,
    capBytes: 1_000_000,
    openMask: () => redactor.stream(),
    onLine: (line) => void heard.lines.push(line),
    onActivity: () => {},
    onLimit: () => {
      heard.limits += 1;
    },
    clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(2, signal) },
    log: pino({ level: 'warn' }, { write: (line: string) => void heard.logged.push(line) }),
    ...changes,
  });
  return { ...follower, heard };
}

const at = (micros: number): string =>
  `${new Date(1_767_322_800_000 + Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, '0')}000Z`;

/** Numbered lines in both streams, 40 ms apart, some in parts, times of the streams out of order. */
function entriesOf(count: number): WrittenEntry[] {
  return Array.from({ length: count }, (_none, number): WrittenEntry[] => {
    const stream = number % 3 === 0 ? 'stderr' : 'stdout';
    const time = at(number * 40_000 + (stream === 'stderr' ? 0 : 100_000));
    if (number % 10 !== 0) return [{ at: time, stream, text: `line ${number}\n` }];
    return [SECRET.slice(0, 20), `${SECRET.slice(20)} long `, `line ${number}\n`].map((text) => ({
      at: time,
      stream,
      text,
    }));
  }).flat();
}

/** What of these must stand in the log. */
function wanted(entries: readonly WrittenEntry[], stream: string): string {
  const texts = entries.filter((entry) => entry.stream === stream).map(({ text }) => text);
  return texts.join('').replaceAll(SECRET, '[masked]');
}

async function expectWhole(dir: string, entries: readonly WrittenEntry[]): Promise<void> {
  const lines = await keptLines(dir);
  for (const stream of ['stdout', 'stderr'])
    expect(joinLines(lines.filter((line) => line.stream === stream))).toBe(wanted(entries, stream));
  expect(lines.filter((line) => line.stream === 'service')).toEqual([]);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

test('output is kept whole although connections break and the stream ends before its last lines', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const follower = await follow(engine, dir);
    const entries = entriesOf(300);
    for (let index = 0; index < entries.length; index += 10) {
      engine.write(...entries.slice(index, index + 10));
      if (index % 70 === 0) engine.breakOff(index % 3);
      await sleep(1);
    }
    engine.end(25);
    await follower.finish();
    await follower.close(true);
    await expectWhole(dir, entries);
    expect(follower.heard.lines.filter((line) => !line.rest)).toHaveLength(entries.length);
    expect(engine.queries.at(-1)?.tail).toBeGreaterThan(0);
  });
});

test('service after service takes the output up without a gap or a double, and hears first what was kept', async () => {
  await withDirectory(async (dir) => {
    const entries = entriesOf(400);
    const engine = createLogEngine(50);
    let kept = 0;
    for (let index = 0; index < entries.length; index += 37) {
      const { heard, close } = await follow(engine, dir);
      expect(heard.lines).toHaveLength(kept);
      expect(heard.lines.every((line) => line.replayed)).toBe(true);
      engine.write(...entries.slice(index, index + 37));
      await until(() => heard.lines.length > kept + 10);
      await close(false);
      kept = heard.lines.length;
      expect(heard.lines.map((line) => line.number)).toEqual(heard.lines.map((_line, number) => number + 1));
    }
    engine.end();
    const last = await follow(engine, dir);
    await last.finish();
    await last.close(true);
    await expectWhole(dir, entries);
    const again = await follow(engine, dir);
    await again.finish();
    await again.close(true);
    await expectWhole(dir, entries);
  });
});

test('a listener that is slow gets every line in order, and one that fails stops nothing', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const numbers: number[] = [];
    const { heard, finish, close } = await follow(engine, dir, {
      async onLine(line) {
        await sleep(line.number % 7 === 0 ? 2 : 0);
        numbers.push(line.number);
        if (line.number % 5 === 0) throw new Error('the listener is ill');
      },
    });
    engine.write(...entriesOf(60));
    engine.end();
    await finish();
    await close(true);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
    await expectWhole(dir, entriesOf(60));
    expect(heard.logged.filter((line) => line.includes('listener'))).toHaveLength(1);
  });
});

test('a secret is masked across parts, across lines in base64, and when its end never comes', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const { finish, close } = await follow(engine, dir);
    const base64 = Buffer.from(`token=${SECRET};`).toString('base64');
    const texts = [
      'a ',
      SECRET.slice(0, 7),
      `${SECRET.slice(7)}\n`,
      `${base64.slice(0, 30)}\n`,
      `${base64.slice(30)}\n`,
    ];
    engine.write(...texts.map((text, index): WrittenEntry => ({ at: at(index), stream: 'stdout', text })));
    engine.write({ at: at(9), stream: 'stdout', text: `end ${SECRET.slice(0, 12)}` });
    engine.end();
    await finish();
    await close(true);
    const text = joinLines(await keptLines(dir));
    expect(text.startsWith('a [masked]\n')).toBe(true);
    expect(text).not.toContain(base64.slice(10, 28));
    expect(text.endsWith(`end ${SECRET.slice(0, 12)}`)).toBe(true);
  });
});

test('when the engine has thrown away what was not read, the log says so once, and goes on behind it', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const first = await follow(engine, dir);
    engine.write(...entriesOf(200));
    await until(() => first.heard.lines.length >= 240);
    await first.close(false);
    engine.write(...entriesOf(400).slice(240));
    engine.drop(300);
    engine.end();
    const second = await follow(engine, dir);
    await second.finish();
    await second.close(true);
    const lines = await keptLines(dir);
    expect(lines.filter((line) => line.stream === 'service').map(({ text }) => text)).toEqual([
      '[Output is missing here: the engine had dropped it before it could be read.]',
    ]);
    expect(joinLines(lines)).toContain('line 399\n');
    const numbers = joinLines(lines).match(/line \d+/g) ?? [];
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

test('ten caps of output are told once, kept or not, and a later service knows of them', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine(4_096);
    const chunk = (index: number): WrittenEntry => ({
      at: at(index * 1_000),
      stream: 'stdout',
      text: `${'x'.repeat(999)}\n`,
    });
    const first = await follow(engine, dir, { capBytes: 5_000 });
    engine.write(...Array.from({ length: 45 }, (_none, index) => chunk(index)));
    await until(() => first.heard.lines.length === 45);
    await first.close(false);
    expect(first.heard.limits).toBe(0);
    const second = await follow(engine, dir, { capBytes: 5_000 });
    engine.write(...Array.from({ length: 20 }, (_none, index) => chunk(45 + index)));
    engine.end();
    await second.finish();
    await second.close(true);
    expect(second.heard.limits).toBe(1);
    const fresh = second.heard.lines.filter((line) => !line.replayed);
    expect(fresh).toHaveLength(20);
  });
});

test('a disk that takes nothing is told once, reading goes on, and the log says later how much is missing', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const { heard, finish, close } = await follow(engine, dir);
    const write = async (texts: readonly string[]): Promise<void> => {
      const count = heard.lines.length + texts.length;
      engine.write(
        ...texts.map((text): WrittenEntry => ({ at: at(count), stream: 'stdout', text: `${text}\n` })),
      );
      await until(() => heard.lines.length === count);
    };
    await write(['before']);
    limitFileSize('50');
    try {
      await write(['lost 1', 'lost 2']);
      await write(['lost 3']);
    } finally {
      limitFileSize('unlimited');
    }
    await write(['after']);
    engine.end();
    await finish();
    await close(true);
    expect(heard.logged.filter((line) => line.includes('output_not_kept'))).toHaveLength(1);
    expect((await keptLines(dir)).map(({ text }) => text)).toEqual([
      'before',
      '[3 lines of output are missing here: the disk did not take them.]',
      'after',
    ]);
  });
});

/** A write beyond this many bytes of a file fails, as on a full disk; Node ignores the signal that comes with it. */
function limitFileSize(bytes: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

test('a log that cannot be opened is told before anything is read', async () => {
  const engine = createLogEngine();
  await expect(follow(engine, '/nowhere/at/all')).rejects.toMatchObject({ code: 'output_not_kept' });
  expect(engine.queries).toEqual([]);
});

test('a run that printed nothing leaves an empty log', async () => {
  await withDirectory(async (dir) => {
    const engine = createLogEngine();
    const { finish, close } = await follow(engine, dir);
    engine.end();
    await finish();
    await close(true);
    expect(await keptLines(dir)).toEqual([]);
  });
});
