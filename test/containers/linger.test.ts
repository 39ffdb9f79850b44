import { expect, test, vi } from 'vitest';
import { watchLinger } from '../../src/containers/supervise/watches.ts';
import { movedClock } from '../support/suite/fake-clock.ts';

function watch() {
  const clock = movedClock();
  const onLate = vi.fn();
  const agent = { isDone: false };
  const linger = watchLinger({ isDone: () => agent.isDone, graceMs: 60_000, onLate, clock });
  return { clock, onLate, agent, linger };
}

test('an agent that is done is late a minute after it said so, whatever it prints meanwhile', async () => {
  const { clock, onLate, agent, linger } = watch();
  linger.look();
  await clock.advance(600_000);
  expect(onLate).not.toHaveBeenCalled();
  agent.isDone = true;
  for (let seconds = 0; seconds < 59; seconds += 1) {
    linger.look();
    await clock.advance(1_000);
  }
  expect(onLate).not.toHaveBeenCalled();
  await clock.advance(1_000);
  expect(onLate).toHaveBeenCalledOnce();
});

test('a turn that begins anew has its own minute', async () => {
  const { clock, onLate, agent, linger } = watch();
  agent.isDone = true;
  linger.look();
  await clock.advance(59_000);
  agent.isDone = false;
  linger.look();
  await clock.advance(300_000);
  agent.isDone = true;
  linger.look();
  await clock.advance(59_000);
  expect(onLate).not.toHaveBeenCalled();
  await clock.advance(1_000);
  expect(onLate).toHaveBeenCalledOnce();
});

test('a watch that was stopped calls nobody late', async () => {
  const { clock, onLate, agent, linger } = watch();
  agent.isDone = true;
  linger.look();
  linger.stop();
  await clock.advance(100_000);
  expect(onLate).not.toHaveBeenCalled();
});
