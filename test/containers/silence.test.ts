import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { watchSilence } from '../../src/containers/supervise/watches.ts';

function watch(stallMs: number) {
  const onStall = vi.fn();
  return { ...watchSilence({ stallMs, onStall, clock: systemClock }), onStall };
}

test('silence is a stall, told once, and not before its time', async () => {
  const began = systemClock.now();
  const { onStall } = watch(200);
  await vi.waitFor(() => expect(onStall).toHaveBeenCalled(), 5_000);
  expect(systemClock.now() - began).toBeGreaterThanOrEqual(199);
  await sleep(100);
  expect(onStall).toHaveBeenCalledOnce();
});

test('whoever is heard is not silent', async () => {
  const { onStall, heard, stop } = watch(1_000);
  for (let count = 0; count < 25; count += 1) {
    await sleep(50);
    heard();
  }
  expect(onStall).not.toHaveBeenCalled();
  stop();
});

test('a watch that was stopped says nothing', async () => {
  const { onStall, stop } = watch(50);
  stop();
  await sleep(150);
  expect(onStall).not.toHaveBeenCalled();
});
