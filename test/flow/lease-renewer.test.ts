import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLeaseRenewer } from '../../src/flow/worker/lease-renewer.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { until } from '../support/service/service.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const FENCE_MS = 200;

/** A renewer whose database answers as the test says; `cutOffs` are milliseconds since its start. */
function keep(renew: () => Promise<void>) {
  const clock = settableClock();
  const from = performance.now();
  const cutOffs: number[] = [];
  const renewer = createLeaseRenewer({
    renew,
    onCutOff: () => void cutOffs.push(performance.now() - from),
    everyMs: 40,
    fenceMs: FENCE_MS,
    clock,
    log: createLogger({ level: 'silent', redactor: createRedactor() }),
  });
  onTestFinished(renewer.stop);
  renewer.start();
  return { renewer, clock, cutOffs };
}

const never = (): Promise<void> => new Promise(() => undefined);
const refuse = (): Promise<void> => Promise.reject(new Error('refused'));

test.each([
  ['refuses', refuse],
  ['hangs', never],
])('a worker whose database %s from the start is cut off in time, once', async (_how, renew) => {
  const { renewer, cutOffs } = keep(renew);
  await until('it is cut off', () => (cutOffs.length > 0 ? true : undefined));
  expect(cutOffs[0]).toBeGreaterThanOrEqual(FENCE_MS - 20);
  expect(renewer.isHeld()).toBe(false);
  await systemClock.sleep(2 * FENCE_MS);
  expect(cutOffs).toHaveLength(1);
});

test('renewals that come back keep it going, however the time of day jumps', async () => {
  const { renewer, clock, cutOffs } = keep(async () => undefined);
  for (const hours of [1, -2, 24]) {
    clock.time += hours * 3_600_000;
    await systemClock.sleep(FENCE_MS);
  }
  expect(cutOffs).toEqual([]);
  expect(renewer.isHeld()).toBe(true);
});

test('a renewal counts from when it was sent: one whose answer comes after the fence does not count', async () => {
  let sent = 0;
  const late = async (): Promise<void> => {
    sent += 1;
    if (sent > 1) return await never();
    return await systemClock.sleep(FENCE_MS + 100);
  };
  const { renewer, cutOffs } = keep(late);
  await until('it is cut off', () => (cutOffs.length > 0 ? true : undefined));
  await systemClock.sleep(FENCE_MS);
  expect(renewer.isHeld()).toBe(false);
});

test('a worker that was cut off goes on when renewals come back, and can be cut off again', async () => {
  let answers = never;
  const { renewer, cutOffs } = keep(async () => await answers());
  await until('it is cut off', () => (cutOffs.length === 1 ? true : undefined));
  answers = async () => undefined;
  await until('it goes on', () => (renewer.isHeld() ? true : undefined));
  answers = refuse;
  await until('it is cut off again', () => (cutOffs.length === 2 ? true : undefined));
});
