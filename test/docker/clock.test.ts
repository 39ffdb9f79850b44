import { afterEach, expect, test, vi } from 'vitest';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

const HOUR = 3_600_000;

let service: TestService;
afterEach(async () => {
  vi.restoreAllMocks();
  await service.close();
});

test.each([
  ['ahead', HOUR],
  ['back', -HOUR],
])('a clock that is moved an hour %s ends no run, loses none and starts none twice', async (_name, move) => {
  const command = 'echo begun; sleep 2; echo done';
  service = await startService({ profiles: { 'hello/profile.json': shellProfile(command) } });
  const first = await service.comment();
  const runId = first.decision?.runId ?? '';
  await until('the agent prints', () => (service.output(runId).includes('begun') ? true : undefined));
  const real = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => real() + move);
  const other = await service.deliver(commentPayload('for no profile', { repository: 'octo/other' }));
  expect(other.status).toBe(202);
  await until('it was decided', async () =>
    (await service.app.deliveries.find(other.id))?.decision ? true : undefined,
  );
  const run = await service.ended(runId);
  expect([run.outcome, run.attempt]).toEqual(['succeeded', 1]);
  expect(service.output(runId)).toBe('begun\ndone\n');
  const ready = await fetch(`${service.app.adminUrl}/readyz`);
  expect(ready.status).toBe(200);
  vi.restoreAllMocks();
  expect(await service.run('after all')).toMatchObject({ outcome: 'succeeded', attempt: 1 });
  expect((await service.app.runs.list(10)).length).toBe(2);
});
