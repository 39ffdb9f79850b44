import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type OutputTap, tapOutput } from '../../src/containers/output/output-tap.ts';

const KIB = 1024;
const taps: OutputTap[] = [];
afterEach(() => {
  for (const tap of taps.splice(0)) tap.close();
});

type Tapped = OutputTap & { read: () => number; heard: () => number; attached: () => number };

/** Taps an agent that would write for ever, in writes of `writeBytes` that come in chunks of `chunkBytes`; `read` is how much of it was taken. */
function tap(writeBytes: number, chunkBytes: number, breakAfter = Number.POSITIVE_INFINITY): Tapped {
  let [read, heard, attached] = [0, 0, 0];
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(writeBytes, 4);
  const frame = Buffer.concat([header, Buffer.alloc(writeBytes, 'x')]);
  const frames = Buffer.concat(
    Array.from({ length: Math.ceil((4 * chunkBytes) / frame.length) }, () => frame),
  );
  async function* agent(signal: AbortSignal): AsyncGenerator<Buffer> {
    let chunks = 0;
    for (let rest = Buffer.alloc(0); !signal.aborted; ) {
      if (rest.length < chunkBytes) rest = Buffer.concat([rest, frames]);
      if (chunks >= breakAfter) throw new Error('socket hang up');
      chunks += 1;
      read += (chunkBytes * writeBytes) / frame.length;
      yield rest.subarray(0, chunkBytes);
      rest = rest.subarray(chunkBytes);
      await new Promise(setImmediate);
    }
  }
  const made = tapOutput({
    engine: {
      async attach(_id, signal) {
        attached += 1;
        return Readable.from(agent(signal), { highWaterMark: 1 });
      },
    },
    containerId: 'c',
    onBytes: () => {
      heard += 1;
    },
    clock: systemClock,
  });
  taps.push(made);
  return { ...made, read: () => read, heard: () => heard, attached: () => attached };
}

test('a flood whose log does not keep up is held back', async () => {
  const flood = tap(2, 4 * KIB);
  await sleep(200);
  expect(flood.heard()).toBeGreaterThan(0);
  expect(flood.read()).toBeLessThan(80 * KIB);
});

test('a flood is let through as its log grows, with the engine’s own buffer full of what was logged', async () => {
  const flood = tap(1_000, 16 * KIB);
  await sleep(50);
  flood.logged(1_000_000);
  await vi.waitFor(() => expect(flood.read()).toBeGreaterThan(64 * KIB));
  let logged = 1_000_000;
  for (let count = 0; count < 200; count += 1) {
    flood.logged(20_000);
    logged += 20_000;
    await sleep(1);
  }
  await vi.waitFor(() => expect(flood.read()).toBeGreaterThan(logged - 1_000_000 - 64 * KIB));
  expect(flood.read()).toBeLessThan(logged - 1_000_000 + 64 * KIB);
});

test('an agent whose log keeps up is not slowed down', async () => {
  const agent = tap(100, KIB);
  const grow = systemClock.every(1, () => agent.logged(1_000_000));
  await vi.waitFor(() => expect(agent.read()).toBeGreaterThan(1_000_000));
  grow.stop();
});

test('when the log has stopped growing everything is let through, so that nobody waits for nothing', async () => {
  const flood = tap(1_000, 16 * KIB);
  await sleep(100);
  const before = flood.read();
  await vi.waitFor(() => expect(flood.read()).toBeGreaterThan(before), 3_000);
});

test('what is held lets a chunk through now and then, and everything once it is released', async () => {
  const flood = tap(1_000, 16 * KIB);
  flood.block();
  await sleep(100);
  const held = flood.read();
  expect(held).toBeLessThan(70 * KIB);
  await vi.waitFor(() => expect(flood.read()).toBeGreaterThan(held), 3_000);
  flood.release();
  await vi.waitFor(() => expect(flood.read()).toBeGreaterThan(2_000_000), 3_000);
});

test('a connection that breaks is made again', async () => {
  const agent = tap(100, KIB, 3);
  await vi.waitFor(() => expect(agent.attached()).toBeGreaterThan(1), 5_000);
});
