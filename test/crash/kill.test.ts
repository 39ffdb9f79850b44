import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  commentPayload,
  deliverTo,
  makeGround,
  shellProfile,
  startServiceOn,
  until,
} from '../support/service/service.ts';
import { spawnService } from '../support/service/service-process.ts';
import { size } from '../support/suite/size.ts';

const ROUNDS = size(1, 60);

test(`a service that is killed at a random moment under load (${ROUNDS} in a row): every 202 is one run that ended, and nothing is left`, {
  timeout: 1_200_000,
}, async () => {
  const env = { MAX_CONCURRENT_RUNS: '3' };
  const ground = makeGround({
    profiles: { 'hello/profile.json': shellProfile('echo begin; sleep 0.5; echo end') },
    env,
  });
  onTestFinished(() => rmSync(ground.dir, { recursive: true, force: true }));
  const accepted: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const service = await spawnService(ground);
    const deliver = async (): Promise<void> => {
      const answer = await deliverTo(service.url, commentPayload(`round ${round}`)).catch(() => undefined);
      if (answer?.status === 202) accepted.push(answer.id);
    };
    // Each round accepts one for certain, however soon its end comes.
    await deliver();
    const killed = new Promise((done) => setTimeout(done, Math.random() * 2500)).then(service.kill);
    for (let index = 0; index < 2; index += 1) await deliver();
    await killed;
  }
  const service = await startServiceOn(ground);
  onTestFinished(service.close);
  const runs = await until(
    'every accepted delivery has a run that ended',
    async () => {
      const all = await service.app.runs.list(ROUNDS * 10);
      const ended = new Set(all.filter((run) => run.state === 'ended').map((run) => run.deliveryId));
      return all.every((run) => run.state === 'ended') && accepted.every((id) => ended.has(id))
        ? all
        : undefined;
    },
    600_000,
  );
  expect(accepted.length).toBeGreaterThanOrEqual(ROUNDS);
  expect(new Set(runs.map((run) => run.deliveryId)).size).toBe(runs.length);
  expect(runs.filter((run) => run.outcome !== 'succeeded')).toEqual([]);
  expect(
    runs.filter((run) => service.output(run.id) !== 'begin\nend\n').map((run) => service.output(run.id)),
  ).toEqual([]);
  await until('the first sweep is over', () =>
    existsSync(join(service.config.workspaceRoot, 'octo')) ? undefined : true,
  );
  expect(await service.containers()).toEqual([]);
  const homes = readdirSync(service.config.runDir).flatMap((name) =>
    readdirSync(join(service.config.runDir, name)),
  );
  expect(homes).toEqual([]);
});
