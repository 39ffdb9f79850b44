import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type SilenceWatch, watchSilence } from '../../src/containers/silence.ts';

type Watched = SilenceWatch & { stalledAfterMs: () => number | undefined; attached: () => number };

/** Watches a container whose raw streams give a byte at each of these moments. */
function watch(stallMs: number, bytesAtMs: readonly number[] = [], isAttachable = true): Watched {
  const began = systemClock.now();
  let stalled: number | undefined;
  let attached = 0;
  async function* bytes(signal: AbortSignal): AsyncGenerator<Buffer> {
    for (const moment of bytesAtMs) {
      await sleep(Math.max(0, began + moment - systemClock.now()), undefined, { signal });
      yield Buffer.from('.');
    }
    await sleep(10_000, undefined, { signal });
  }
  const engine = {
    async attach(_id: string, signal: AbortSignal): Promise<Readable> {
      attached += 1;
      if (!isAttachable) throw new Error('no');
      return Readable.from(bytes(signal));
    },
  };
  const silence = watchSilence({
    engine,
    containerId: 'c',
    stallMs,
    clock: systemClock,
    onStall: () => {
      stalled = systemClock.now() - began;
    },
  });
  return { ...silence, stalledAfterMs: () => stalled, attached: () => attached };
}

test('silence on the log and on the streams is a stall, told once', async () => {
  const silence = watch(200);
  await vi.waitFor(() => expect(silence.stalledAfterMs()).toBeGreaterThanOrEqual(199), 5_000);
  const first = silence.stalledAfterMs();
  await sleep(100);
  expect(silence.stalledAfterMs()).toBe(first);
});

test('a line that is not over keeps a run alive', async () => {
  const silence = watch(600, [350, 700, 1050]);
  await sleep(1_300);
  expect(silence.stalledAfterMs()).toBeUndefined();
  silence.stop();
});

test('lines keep a run alive, and nothing listens to the streams while they come', async () => {
  const silence = watch(1_000);
  for (let count = 0; count < 25; count += 1) {
    await sleep(50);
    silence.heard();
  }
  expect(silence.stalledAfterMs()).toBeUndefined();
  expect(silence.attached()).toBe(0);
  silence.stop();
});

test('streams that cannot be listened to are no fault, and a watch that was stopped says nothing', async () => {
  const deaf = watch(150, [], false);
  const stopped = watch(150);
  stopped.stop();
  await vi.waitFor(() => expect(deaf.stalledAfterMs()).toBeGreaterThanOrEqual(149), 5_000);
  expect(stopped.stalledAfterMs()).toBeUndefined();
});
