import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { SET_ASIDE_FROM } from '../../src/runs/queue/leases.ts';
import {
  commentPayload,
  deliverTo,
  type Ground,
  makeGround,
  shellProfile,
  startServiceOn,
  until,
} from '../support/service/service.ts';
import { spawnService } from '../support/service/service-process.ts';

function groundFor(command: string, env: Record<string, string> = {}): Ground {
  const ground = makeGround({ profiles: { 'hello/profile.json': shellProfile(command) }, env });
  onTestFinished(() => rmSync(ground.dir, { recursive: true, force: true }));
  return ground;
}

test('a run that ended the service again and again is set aside at the next start, and the others go on', async () => {
  const ground = groundFor('echo hello', { GITHUB_FLOWS_CRASH_AT: 'prepare-begun' });
  const first = await spawnService(ground);
  await deliverTo(first.url, commentPayload('the one'));
  expect(await first.died).toBe('SIGKILL');
  const varDir = ground.settings.VAR_DIR as string;
  const db = new DatabaseSync(join(varDir, 'github-flows.db'));
  db.prepare('UPDATE runs SET suspicion = ?').run(SET_ASIDE_FROM - 1);
  db.close();
  delete ground.settings.GITHUB_FLOWS_CRASH_AT;
  const service = await startServiceOn(ground);
  onTestFinished(service.close);
  await service.comment('another');
  const [other, one] = await until('both have ended', async () => {
    const runs = await service.app.runs.list(10);
    return runs.length === 2 && runs.every((run) => run.state === 'ended') ? runs : undefined;
  });
  expect(one).toMatchObject({ outcome: 'failed', attempt: 1, reason: { code: 'run_ends_service' } });
  expect(other).toMatchObject({ outcome: 'succeeded' });
});

test('an error that nobody caught leaves a mark, and the next start holds it against the runs that lived', async () => {
  const ground = groundFor('sleep 300');
  const boom = join(ground.dir, 'boom');
  const hole = `import { existsSync } from "node:fs"; setInterval(() => { if (existsSync(${JSON.stringify(boom)})) throw new Error("a hole"); }, 20);`;
  ground.settings.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hole)}`;
  const first = await spawnService(ground);
  delete ground.settings.NODE_OPTIONS;
  await deliverTo(first.url, commentPayload('sleep'));
  const varDir = ground.settings.VAR_DIR as string;
  const db = new DatabaseSync(join(varDir, 'github-flows.db'), { readOnly: true });
  onTestFinished(() => db.close());
  await until('the run lives', () =>
    db.prepare("SELECT 1 FROM runs WHERE state = 'running'").get() ? true : undefined,
  );
  writeFileSync(boom, '');
  expect(await first.died).toBeNull();
  expect(existsSync(join(varDir, 'broken-off'))).toBe(true);
  const service = await startServiceOn(ground);
  onTestFinished(service.close);
  expect(existsSync(join(varDir, 'broken-off'))).toBe(false);
  const [run] = await service.app.runs.list(1);
  expect(run).toMatchObject({ state: 'running', suspicion: 4 });
  await service.app.runs.requestCancel(run?.id ?? '', 'the test is over');
  await until('it has ended', async () =>
    (await service.app.runs.list(1))[0]?.state === 'ended' ? true : undefined,
  );
});
