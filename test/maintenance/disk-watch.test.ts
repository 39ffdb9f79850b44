import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { createDiskWatch, type Mark } from '../../src/maintenance/disk-watch.ts';
import { settableClock } from '../support/suite/fake-clock.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const NOTHING: Mark = { bytes: 0, inodes: 0 };

async function watch(run: Mark, accept: Mark, path?: string) {
  const lines: string[] = [];
  const dir = path ?? join(await temporaryDirectory(), 'not/there/yet');
  const log = createLogger({
    level: 'info',
    redactor: createRedactor(),
    destination: { write: (line) => lines.push(line) },
  });
  const clock = settableClock();
  const marks = { run, accept };
  const places = [{ option: 'VAR_DIR', path: dir }];
  const disk = createDiskWatch({
    places,
    get run() {
      return marks.run;
    },
    get accept() {
      return marks.accept;
    },
    clock,
    log,
  });
  return { disk, lines, clock, marks };
}

test('claims stop before deliveries are refused, each says so, and both begin again by themselves', async () => {
  const dir = await temporaryDirectory();
  const { bavail, bsize } = statfsSync(dir);
  const more: Mark = { bytes: bavail * bsize * 2, inodes: 0 };
  const { disk, lines, clock, marks } = await watch(NOTHING, NOTHING, dir);
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([true, true]);
  marks.run = more;
  clock.time += 1_000;
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([false, true]);
  expect((await disk.state()).message).toMatch(/^The disk of VAR_DIR \(.*\) has .* left: deliveries are/);
  marks.accept = more;
  clock.time += 1_000;
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([false, false]);
  Object.assign(marks, { run: NOTHING, accept: NOTHING });
  clock.time += 1_000;
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([true, true]);
  expect(lines.length).toBe(3);
});

test('a mark for deliveries above the one for runs counts for runs too', async () => {
  const huge: Mark = { bytes: Number.MAX_SAFE_INTEGER, inodes: 0 };
  const { disk } = await watch(NOTHING, huge);
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([false, false]);
});

test('files count where the file system counts them', async () => {
  const { disk } = await watch({ bytes: 0, inodes: Number.MAX_SAFE_INTEGER }, NOTHING);
  const [space] = (await disk.state()).places;
  expect(await disk.canClaim()).toBe(space?.inodes === null);
});

test('a disk that cannot be looked at stops runs and not deliveries', async () => {
  const { disk } = await watch(NOTHING, NOTHING, `/${'x'.repeat(300)}`);
  expect(await disk.state()).toMatchObject({ pressure: 'unknown' });
  expect([await disk.canClaim(), await disk.canAccept()]).toEqual([false, true]);
});

test('a clock that is set back does not keep an old answer', async () => {
  const { disk, clock, marks } = await watch(NOTHING, NOTHING);
  expect(await disk.canClaim()).toBe(true);
  marks.run = { bytes: Number.MAX_SAFE_INTEGER, inodes: 0 };
  clock.time -= 3_600_000;
  expect(await disk.canClaim()).toBe(false);
});
