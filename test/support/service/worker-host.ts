import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DatabaseWay, openDatabaseWay } from '../databases/connection.ts';
import { type OwnEngine, startOwnEngine } from '../engine/own-engine.ts';
import { spawnProgram } from '../processes/spawn-program.ts';
import { type Ground, until } from './service.ts';

/** One host of several: an engine, a worker in a process of its own, and its way to the database. */
export type WorkerHost = {
  engine: OwnEngine;
  way: DatabaseWay;
  /** Whether a run's `host` is this one. */
  is(host: string | null): boolean;
  start(env?: Record<string, string>): Promise<void>;
  kill(): Promise<void>;
  /** Resolves when the worker's process is over. */
  gone(): Promise<void>;
  /** Containers that run on this host's engine now. */
  running(): Promise<number>;
  /** Containers on this host's engine, running or not. */
  containers(): Promise<number>;
  remove(): Promise<void>;
};

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

/** Makes a host beside a service's ground; its worker is not started yet. */
export async function makeWorkerHost(ground: Ground, name: string): Promise<WorkerHost> {
  const engine = await startOwnEngine(name);
  const way = await openDatabaseWay(ground.settings.DATABASE_URL ?? '');
  const dir = join(ground.dir, name);
  mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
  const settings = {
    ...ground.settings,
    DATABASE_URL: way.url,
    DOCKER_HOST: engine.host,
    VAR_DIR: join(dir, 'var'),
    RUN_DIR: join(dir, 'run'),
    SECRETS_DIR: join(dir, 'secrets'),
    MAX_CONCURRENT_RUNS: '3',
  };
  let child: ChildProcess | undefined;
  let over = Promise.resolve();
  const count = async (all: boolean): Promise<number> => (await engine.docker.listContainers({ all })).length;
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await over;
  };
  return {
    engine,
    way,
    is: (host) =>
      host?.startsWith(`${JSON.parse(readFileSync(join(dir, 'var/host.json'), 'utf8')).id}-`) ?? false,
    async start(env = {}) {
      const started = spawnProgram(process.execPath, [MAIN, 'worker'], {
        cwd: dir,
        env: { ...settings, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      started.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      child = started;
      over = new Promise((done) => started.once('exit', () => done()));
      await until(`worker ${name} works`, () => {
        if (started.exitCode !== null) throw new Error(said);
        return said.includes('Working on') ? true : undefined;
      });
    },
    kill,
    gone: async () => await over,
    running: async () => await count(false),
    containers: async () => await count(true),
    async remove() {
      await kill();
      await way.close();
      await engine.remove();
    },
  };
}
