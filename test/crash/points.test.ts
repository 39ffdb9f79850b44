import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { databasePlace } from '../../src/compose/host.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openDatabase } from '../../src/db/open.ts';
import { CRASH_POINTS, type CrashPointName } from '../../src/flow/crash-points.ts';
import type { Run } from '../../src/runs/run.ts';
import { createRunStore } from '../../src/runs/store/run-store.ts';
import { sharedPostgres } from '../support/databases/databases.ts';
import {
  commentPayload,
  deliverTo,
  type Ground,
  makeGround,
  shellProfile,
  startServiceOn,
  type TestService,
  until,
} from '../support/service/service.ts';
import { spawnService } from '../support/service/service-process.ts';
import { size } from '../support/suite/size.ts';

/** They share the machine, a few at a time. */
const PATIENCE_MS = 180_000;

/** From here on the agent has begun, so that no other attempt may follow. */
const BEGUN = CRASH_POINTS.indexOf('container-started');

/** Points that only a run reaches whose first attempt fails by an error that may pass. */
const ON_RETRY: readonly CrashPointName[] = ['retry-begun', 'requeue-begun', 'requeue-cleaned'];

/** Points that only the next start reaches, with a run that the service before it left alive. */
const ON_TAKE_UP: readonly CrashPointName[] = ['resume-begun', 'resume-decided'];

/** One test's service: its ground, what it accepted, and how to clean up after it. */
type Setting = { ground: Ground; accepted: string[]; atEnd: (work: () => Promise<void>) => void };

function makeCase(env: Record<string, string>, atEnd: Setting['atEnd'], seconds = 1): Setting {
  const ground = makeGround({
    profiles: {
      'hello/profile.json': shellProfile(`echo begin; sleep ${seconds}; echo end`, {
        retry: { attempts: 2, backoffSec: 1 },
        publish: {},
      } as never),
    },
    env: { RUN_GRACE_SEC: '1', ...env },
  });
  atEnd(async () => rmSync(ground.dir, { recursive: true, force: true }));
  return { ground, accepted: [], atEnd };
}

/** A service that dies at the point; delivers `comments` to it, and waits for its death. */
async function liveAndDie(
  { ground, accepted, atEnd }: Setting,
  point: CrashPointName,
  env: Record<string, string> = {},
  comments = 1,
): Promise<void> {
  const settings = { ...ground.settings, ...env, GITHUB_FLOWS_CRASH_AT: point };
  const service = await spawnService({ ...ground, settings }, atEnd).catch(() => undefined);
  if (!service) return;
  for (let index = 0; index < comments; index += 1) {
    const answer = await deliverTo(service.url, commentPayload()).catch(() => undefined);
    if (answer?.status === 202) accepted.push(answer.id);
  }
  expect(await service.died).toBe('SIGKILL');
}

/** Brings the service to the point and lets it die there. */
async function dieAt(setting: Setting, point: CrashPointName): Promise<void> {
  if (ON_RETRY.includes(point)) {
    await liveAndDie(setting, point, { GITHUB_SERVER_URL: 'http://127.0.0.1:9' });
  } else if (ON_TAKE_UP.includes(point)) {
    await liveAndDie(setting, 'follow-begun');
    await liveAndDie(setting, point, {}, 0);
  } else if (point === 'cancel-begun') {
    await dieAtDismissal(setting);
  } else await liveAndDie(setting, point, {}, point.startsWith('s') ? 0 : 1);
}

/** A second run waits behind the first and is called off before anybody claimed it. */
async function dieAtDismissal({ ground, accepted, atEnd }: Setting): Promise<void> {
  const settings = { ...ground.settings, MAX_CONCURRENT_RUNS: '1', GITHUB_FLOWS_CRASH_AT: 'cancel-begun' };
  const service = await spawnService({ ...ground, settings }, atEnd);
  for (let index = 0; index < 2; index += 1)
    accepted.push((await deliverTo(service.url, commentPayload())).id);
  const db = await openDatabase(databasePlace(loadConfig(settings, ground.dir)));
  atEnd(db.close);
  const runs = createRunStore(db, systemClock);
  const second = await until('the second run waits', async () =>
    (await runs.list(2)).find(({ deliveryId, state }) => deliveryId === accepted[1] && state === 'queued'),
  );
  await runs.requestCancel(second.id, 'nobody wants it');
  expect(await service.died).toBe('SIGKILL');
}

/** The service as it is started again: every run has ended, and nothing is left. */
async function recovered({
  ground,
  accepted,
  atEnd,
}: Setting): Promise<{ service: TestService; runs: Run[] }> {
  const service = await startServiceOn(ground);
  atEnd(async () => await service.app.stop(0));
  if (accepted.length === 0) accepted.push((await service.deliver(commentPayload())).id);
  const runs = await until('every run has ended', async () => {
    const all = await service.app.runs.list(10);
    const isDone = all.length === accepted.length && all.every(({ state }) => state === 'ended');
    return isDone ? all : undefined;
  });
  await until('nothing is left', async () =>
    (await service.containers()).length === 0 && leftovers(service).length === 0 ? true : undefined,
  );
  return { service, runs };
}

/** Workspaces, private directories and quarantines that are still there. */
function leftovers({ config, app }: TestService): string[] {
  const places = [
    join(config.workspaceRoot, 'octo/hello'),
    join(config.runDir, app.installation),
    join(config.varDir, 'run-files', app.installation),
    join(config.varDir, 'quarantine'),
  ];
  return places.flatMap((dir) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []));
}

async function survive(setting: Setting, point: CrashPointName): Promise<void> {
  await dieAt(setting, point);
  const { service, runs } = await recovered(setting);
  expect(runs.map(({ deliveryId }) => deliveryId).toSorted()).toEqual(setting.accepted.toSorted());
  const ends = runs.map(({ outcome }) => outcome);
  expect(ends).toEqual(runs.map(({ cancelReason }) => (cancelReason === null ? 'succeeded' : 'cancelled')));
  for (const run of runs.filter(({ outcome }) => outcome === 'succeeded'))
    expect(service.output(run.id)).toBe('begin\nend\n');
  if (CRASH_POINTS.indexOf(point) >= BEGUN && ![...ON_RETRY, 'cancel-begun'].includes(point))
    expect(runs.map(({ attempt }) => attempt)).not.toContain(2);
}

/** All points on both databases in the long run; else every fourth one, half of them on each. */
function pointsOf(part: 0 | 1): CrashPointName[] {
  return CRASH_POINTS.filter((_, index) => size(0, 1) === 1 || index % 8 === 4 * part);
}

describe('a service that dies at this point and is started again ends every accepted run once, and leaves nothing', () => {
  describe('on SQLite', () => {
    for (const point of pointsOf(0))
      test.concurrent(point, { timeout: PATIENCE_MS }, async ({ onTestFinished }) => {
        await survive(makeCase({}, onTestFinished), point);
      });
  });

  test('a run that was called off is cancelled, though the service died between the end of its container and the word of it', async ({
    onTestFinished,
  }) => {
    const setting = makeCase({}, onTestFinished, 8);
    const { ground, accepted } = setting;
    const settings = { ...ground.settings, GITHUB_FLOWS_CRASH_AT: 'followed' };
    const service = await spawnService({ ...ground, settings }, onTestFinished);
    const { id } = await deliverTo(service.url, commentPayload());
    accepted.push(id);
    const db = await openDatabase(databasePlace(loadConfig(settings, ground.dir)));
    onTestFinished(db.close);
    const runs = createRunStore(db, systemClock);
    const run = await until('the run is under way', async () =>
      (await runs.list(1)).find(({ state }) => state === 'running'),
    );
    await runs.requestCancel(run.id, 'enough');
    expect(await service.died).toBe('SIGKILL');
    const { runs: ended } = await recovered(setting);
    expect(ended.find(({ deliveryId }) => deliveryId === id)).toMatchObject({
      outcome: 'cancelled',
      reason: { code: 'run_cancelled' },
    });
  });

  describe('on PostgreSQL', () => {
    for (const point of pointsOf(1))
      test.concurrent(point, { timeout: PATIENCE_MS }, async ({ onTestFinished }) => {
        const DATABASE_URL = await sharedPostgres(onTestFinished);
        await survive(makeCase({ DATABASE_URL }, onTestFinished), point);
      });
  });
});
