import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEntry } from '../../src/containers/output/demux.ts';
import {
  createPosition,
  createResumeFilter,
  type LogPosition,
} from '../../src/containers/output/log-position.ts';
import { size } from '../support/suite/size.ts';

type Entry = Pick<LogEntry, 'at' | 'stream' | 'ends'>;

const at = (micros: number): string => {
  const iso = new Date(1_767_322_800_000 + Math.floor(micros / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}000Z`;
};

/** Both streams of an engine's log: each stream's times go up, both together are up to 900 ms out of order, parts of a line share a time. */
const logs = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.nat(3), fc.nat(3_000_000)),
      late: fc.oneof(fc.constant(0), fc.nat(900_000)),
      stderr: fc.boolean(),
      ends: fc.oneof(
        { weight: 3, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let now = 1_000_000;
    const last = { stdout: 0, stderr: 0 };
    const open = { stdout: '', stderr: '' };
    return steps.map(({ gap, late, stderr, ends }): Entry => {
      now += gap;
      const stream = stderr ? 'stderr' : 'stdout';
      last[stream] = Math.max(last[stream], now - late);
      const time = open[stream] || at(last[stream]);
      open[stream] = ends ? '' : time;
      return { at: time, stream, ends };
    });
  });

function readAgain(log: readonly Entry[], position: LogPosition): readonly Entry[] {
  const resume = position.resume();
  const filter = createResumeFilter(resume);
  const given = log.filter((entry) => resume.since === undefined || entry.at >= resume.since);
  const fresh = given.filter((entry) => !filter.isKnown({ ...entry, text: '', bytes: 0 }));
  expect(filter.hasGap).toBe(false);
  return fresh;
}

test('reading goes on exactly where it stopped, wherever that was, however often', () => {
  fc.assert(
    fc.property(logs, fc.array(fc.nat(20), { maxLength: 8 }), (log, stops) => {
      let position = createPosition();
      const seen: Entry[] = [];
      for (const count of [...stops, log.length]) {
        for (const entry of readAgain(log, position).slice(0, count)) {
          position.note(entry.at, entry.stream, !entry.ends);
          seen.push(entry);
        }
        position = createPosition(JSON.parse(JSON.stringify(position.save())));
      }
      expect(seen).toEqual(log);
    }),
    { numRuns: 2_000 },
  );
});

test('however many entries there are, the position has the same size, and the engine is asked for seconds, not for all', () => {
  const entries = size(400_000, 1_000_000);
  const position = createPosition();
  for (let index = 0; index < entries; index += 1) position.note(at(index * 20), 'stdout', false);
  expect(JSON.stringify(position.save()).length).toBeLessThan(500);
  expect(position.resume().skip).toBeLessThan(200_000);
});

test('an engine that has thrown away what was known is found out, and times tell what is new', () => {
  const position = createPosition();
  for (let second = 0; second < 10; second += 1) position.note(at(second * 1_000_000), 'stdout', false);
  const filter = createResumeFilter(position.resume());
  const entry = { stream: 'stdout', text: '', ends: true, bytes: 0 } as const;
  expect(filter.isKnown({ ...entry, at: at(8_500_000) })).toBe(true);
  expect(filter.hasGap).toBe(true);
  expect(filter.isKnown({ ...entry, at: at(9_000_000) })).toBe(true);
  expect(filter.isKnown({ ...entry, at: at(9_000_001) })).toBe(false);
});
