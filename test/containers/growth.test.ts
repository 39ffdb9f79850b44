import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import {
  type GrowthLimit,
  keepBaseline,
  treeBytes,
  watchGrowth,
} from '../../src/containers/supervise/growth.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const MIB = 1024 ** 2;
const living = new AbortController().signal;

async function bytesOf(directory: string): Promise<number> {
  return (await treeBytes(directory, living)).bytes ?? Number.NaN;
}

describe('a tree', () => {
  test('a tree is counted as it lies on the disk: holes not, links not, a file with two names once', async () => {
    const dir = await temporaryDirectory();
    writeFileSync(join(dir, 'file'), Buffer.alloc(4 * MIB, 'x'));
    const before = await bytesOf(dir);
    expect(before).toBeGreaterThanOrEqual(4 * MIB);
    linkSync(join(dir, 'file'), join(dir, 'same'));
    symlinkSync('/', join(dir, 'root'));
    writeFileSync(join(dir, 'sparse'), '');
    truncateSync(join(dir, 'sparse'), 2 ** 40);
    expect((await bytesOf(dir)) - before).toBeLessThan(MIB / 4);
  });

  test('a tree is counted whatever its names are and however deep it is', async () => {
    const dir = await temporaryDirectory();
    const names = ['-rf', '--help', 'a\nb\t9999999', ' ', '*', '\u202e'];
    for (const name of names) writeFileSync(join(dir, name), Buffer.alloc(MIB, 'x'));
    expect(await bytesOf(dir)).toBeGreaterThan(names.length * MIB);
    const deep =
      'd=$(printf %0200d 1); for i in $(seq 100); do mkdir $d && cd -P $d || exit 1; done; head -c 9000000 /dev/zero > end';
    execFileSync('bash', ['-c', deep], { cwd: dir });
    onTestFinished(() => void execFileSync('rm', ['-rf', dir]));
    expect(await bytesOf(dir)).toBeGreaterThan(9_000_000 + names.length * MIB);
  });

  test('a tree that is gone has no size, and one that is no longer wanted rejects', async () => {
    const dir = await temporaryDirectory();
    expect((await treeBytes(join(dir, 'gone'), living)).bytes).toBeUndefined();
    await expect(treeBytes(dir, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});

describe('the watch over a run', () => {
  async function watched(options: { written: () => Promise<number>; diskBytes?: number | undefined }) {
    const dir = await temporaryDirectory();
    const workspace = join(dir, 'workspace');
    mkdirSync(workspace);
    writeFileSync(join(workspace, 'before'), Buffer.alloc(4 * MIB, 'x'));
    const baselineFile = join(dir, 'baseline');
    await keepBaseline({ workspace, baselineFile }, living);
    const { promise, resolve } = Promise.withResolvers<GrowthLimit>();
    const begin = () => {
      const watch = watchGrowth({
        workspace,
        baselineFile,
        workspaceBytes: 2 * MIB,
        diskBytes: options.diskBytes,
        engine: { writtenBytes: options.written },
        containerId: 'c',
        onLimit: resolve,
        clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(20, signal) },
        log: pino({ level: 'silent' }),
      });
      onTestFinished(watch.stop);
    };
    return { workspace, limit: promise, begin };
  }

  test('the watch over a run counts what came to the workspace since before the start', async () => {
    const run = await watched({ written: async () => 0 });
    writeFileSync(join(run.workspace, 'after'), Buffer.alloc(3 * MIB, 'x'));
    run.begin();
    expect(await run.limit).toBe('workspace_limit');
  });

  test('the watch over a run asks the engine for the rest, again after it failed', async () => {
    let asked = 0;
    const written = async (): Promise<number> => {
      asked += 1;
      if (asked < 3) throw new Error('the engine is away');
      return 11;
    };
    const run = await watched({ written, diskBytes: 10 });
    run.begin();
    expect(await run.limit).toBe('disk_limit');
    expect(asked).toBe(3);
  });

  test('the watch over a run does not ask where nothing can be written', async () => {
    const run = await watched({ written: () => Promise.reject(new Error('asked')) });
    writeFileSync(join(run.workspace, 'after'), Buffer.alloc(3 * MIB, 'x'));
    run.begin();
    expect(await run.limit).toBe('workspace_limit');
  });
});
