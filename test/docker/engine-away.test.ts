import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type EngineProxy, startEngineProxy } from '../support/engine/engine-proxy.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

let service: TestService;
afterEach(async () => await service.close());

test('an engine that refuses stops runs and no deliveries, is told by /readyz, and all goes on when it answers', async () => {
  const dir = await temporaryDirectory();
  const quiet = (): void => undefined;
  let engine: EngineProxy = await startEngineProxy(dir, quiet);
  onTestFinished(async () => await engine.close());
  const env = { DOCKER_HOST: engine.dockerHost };
  service = await startService({ profiles: { 'hello/profile.json': shellProfile('echo hello') }, env });
  expect(await service.run()).toMatchObject({ outcome: 'succeeded' });
  await engine.close();
  const ready = async () => await fetch(`${service.app.adminUrl}/readyz`);
  await until('/readyz says so', async () => ((await ready()).status === 503 ? true : undefined));
  const { checks } = (await (await ready()).json()) as { checks: { name: string; ready: boolean }[] };
  expect(checks.filter((check) => !check.ready).map(({ name }) => name)).toEqual(['engine']);
  const { status, id } = await service.deliver(commentPayload());
  expect(status).toBe(202);
  const runId = await until(
    'it became a run',
    async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
  );
  expect((await service.app.runs.find(runId))?.state).toBe('queued');
  engine = await startEngineProxy(dir, quiet);
  expect(await service.ended(runId)).toMatchObject({ outcome: 'succeeded', attempt: 1 });
  expect((await ready()).status).toBe(200);
});
