import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exec } from '../../src/programs/exec.ts';
import { checkout } from '../../src/workspaces/checkouts/checkout.ts';
import { makeMirrorLab, REPOSITORY, RUN_OWNER } from '../support/git/mirror-lab.ts';
import { manyFiles } from '../support/git/repository.ts';
import { size } from '../support/suite/size.ts';

/** What a machine that does other things too adds to one side or the other; each round's two clones stand side by side. */
const NOISE = 1.25;

const ENVIRONMENT = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** The repositories raced on; the larger ones only under `npm run test:long`. */
const RACES = [
  { files: 10, rounds: size(9, 15) },
  { files: 150, rounds: size(9, 15) },
  { files: 500, rounds: 15 },
  { files: 4_000, rounds: 7 },
  { files: 100_000, rounds: 5 },
].slice(0, size(1, 5));

test.each(RACES)(
  'a clone of $files files is never slower than git clone from the same mirror',
  { retry: 4, timeout: 900_000 },
  async ({ files, rounds }) => {
    const lab = await makeMirrorLab();
    lab.origin.commit(manyFiles(files));
    for (let index = 0; index < 20; index += 1) lab.origin.commit(manyFiles(Math.min(files, 20), index));
    const { mirror, commit } = await lab.mirrors.fetch(REPOSITORY, {});
    const rival: number[] = [];
    const ours: number[] = [];
    const originUrl = 'https://github.com/owner/repository.git';
    const clone = { mirror, commit, branch: 'github-flows/run', owner: RUN_OWNER, originUrl };
    for (let round = 0; round < rounds; round += 1) {
      const args = ['clone', '--quiet', '--', mirror, join(lab.dir, 'rival', `${round}`)];
      const measureRival = async () =>
        rival.push(await timed(async () => await exec('git', args, { env: ENVIRONMENT })));
      const dir = join(lab.dir, 'ours', `${round}`);
      const measureOurs = async () => ours.push(await timed(async () => await checkout({ ...clone, dir })));
      for (const measure of round % 2 === 0 ? [measureRival, measureOurs] : [measureOurs, measureRival])
        await measure();
    }
    const ratio = median(ours.map((time, round) => time / (rival[round] ?? Number.NaN)));
    const times = `${median(ours).toFixed(1)} ms, git clone ${median(rival).toFixed(1)} ms`;
    console.log(`${files} files: ${times}, ratio by rounds ${ratio.toFixed(2)}`);
    expect(ratio).toBeLessThanOrEqual(NOISE);
  },
);
