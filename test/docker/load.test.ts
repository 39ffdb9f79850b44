import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';
import { size } from '../support/suite/size.ts';

const EVENTS = size(12, 500);
const WITHIN_MS = size(1_500, 30_000);

let service: TestService;
afterEach(async () => await service.close());

test(`${EVENTS} different events are ${EVENTS} runs, none twice, and leave nothing`, {
  timeout: 900_000,
}, async () => {
  const command = 'echo "$GITHUB_FLOWS_RUN_ID"';
  const env = { MAX_CONCURRENT_RUNS: '4', LOG_LEVEL: 'warn' };
  service = await startService({ profiles: { 'hello/profile.json': shellProfile(command) }, env });
  const answers = await Promise.all(
    Array.from({ length: EVENTS }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, (WITHIN_MS / EVENTS) * index));
      return await service.deliver(commentPayload(`comment ${index}`));
    }),
  );
  expect(answers.every(({ status, body }) => status === 202 && body.status === 'accepted')).toBe(true);
  const runs = await until(
    'every run has ended',
    async () => {
      const all = await service.app.runs.list(EVENTS + 10);
      return all.length === EVENTS && all.every((run) => run.state === 'ended') ? all : undefined;
    },
    840_000,
  );
  expect(new Set(runs.map((run) => run.deliveryId))).toEqual(new Set(answers.map(({ id }) => id)));
  expect(runs.filter((run) => run.outcome !== 'succeeded' || run.attempt !== 1)).toEqual([]);
  expect(runs.filter((run) => service.output(run.id) !== `${run.id}\n`)).toEqual([]);
  expect(await service.containers()).toEqual([]);
  expect(existsSync(join(service.config.workspaceRoot, 'octo'))).toBe(false);
  const homes = readdirSync(service.config.runDir).flatMap((name) =>
    readdirSync(join(service.config.runDir, name)),
  );
  expect(homes).toEqual([]);
});
