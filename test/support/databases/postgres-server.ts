import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { exec } from '../../../src/programs/exec.ts';
import { spawnProgram } from '../processes/spawn-program.ts';

/** A server's databases. */
export type PostgresDatabases = {
  /** The address of a database that was made for the caller: empty, or with what the one at `template` has. */
  freshDatabase(template?: string): Promise<string>;
  /** Removes a database of that address, whoever is connected to it. */
  removeDatabase(url: string): Promise<void>;
};

/** A PostgreSQL of this test's own: reachable through a unix socket alone, and gone when it is stopped. */
export type PostgresServer = PostgresDatabases & {
  /** Where all of it lies, its socket too. */
  dir: string;
  /** Ends it at once, as a crash does, and starts it again; what was committed is still there. */
  restart(): Promise<void>;
  /** Ends it at once. */
  halt(): Promise<void>;
  /** Starts it again after `halt`. */
  start(): Promise<void>;
  /** Halts it and removes all of it. */
  remove(): Promise<void>;
};

/** Debian keeps the programs out of the PATH, a folder for each version. */
const PROGRAMS = '/usr/lib/postgresql';

/** PostgreSQL does not run as root; Debian's package makes this user. */
const POSTGRES_USER = 'postgres';

const SETTINGS = [
  'listen_addresses=',
  'fsync=off',
  'full_page_writes=off',
  'max_connections=200',
  'shared_buffers=64MB',
];

/** Starts a new server in `/tmp` (a socket's path has at most 107 bytes). */
export async function startPostgresServer(): Promise<PostgresServer> {
  const programs = await findPrograms();
  const dir = await mkdtemp('/tmp/gf-pg-');
  endWithThisProcess(dir);
  const run = await createRun(programs);
  if (run.account) await chown(dir, run.account.uid, run.account.gid);
  await run.program('initdb', [
    '-D',
    join(dir, 'data'),
    '--no-sync',
    '--auth=trust',
    '-U',
    'tester',
    '-E',
    'UTF8',
  ]);
  const control = async (...args: string[]): Promise<void> =>
    await run.program('pg_ctl', ['-D', join(dir, 'data'), '-l', join(dir, 'log'), '-w', '-s', ...args]);
  const options = [...SETTINGS, `unix_socket_directories=${dir}`].map((setting) => `-c ${setting}`).join(' ');
  const start = async (): Promise<void> => await control('-o', options, 'start');
  const halt = async (): Promise<void> => await control('-m', 'immediate', 'stop');
  await start();
  return {
    dir,
    ...databasesOf(dir),
    async restart() {
      await halt();
      await start();
    },
    halt,
    start,
    async remove() {
      await halt().catch(() => undefined);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

let databases = 0;

/** Databases of the server whose directory that is. */
export function databasesOf(dir: string): PostgresDatabases {
  const urlOf = (name: string): string => `postgres://tester@/${name}?host=${dir}`;
  const query = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  const nameOf = (url: string): string => /@\/(\w+)\?/.exec(url)?.[1] ?? '';
  return {
    async freshDatabase(template) {
      databases += 1;
      const name = `test_${process.pid}_${databases}`;
      await query(`CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${nameOf(template)}`}`);
      return urlOf(name);
    },
    async removeDatabase(url) {
      await query(`DROP DATABASE IF EXISTS ${nameOf(url)} WITH (FORCE)`);
    },
  };
}

/** However this process dies, a shell that waits for the end of a pipe from it stops the server and removes it. */
function endWithThisProcess(dir: string): void {
  const stop = `cat; read -r pid < "$0/data/postmaster.pid" && kill -QUIT "$pid"; rm -rf "$0"; sleep 1; rm -rf "$0"`;
  const watcher = spawnProgram('sh', ['-c', stop, dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref?: () => void }).unref?.();
}

async function findPrograms(): Promise<string> {
  const versions = await readdir(PROGRAMS).catch((): string[] => []);
  const [newest] = versions.sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error('PostgreSQL is not installed: run `sh bin/prepare tests`.');
  return join(PROGRAMS, newest, 'bin');
}

/** Runs PostgreSQL's programs: as root through another user, else directly. */
async function createRun(programs: string) {
  const account = process.getuid?.() === 0 ? await postgresAccount() : undefined;
  return {
    account,
    async program(name: string, args: string[]): Promise<void> {
      // What pg_ctl starts inherits its streams, so they are no pipes that would stay open.
      const command = [join(programs, name), ...args]
        .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
        .join(' ');
      const quiet = `cd / && ${command} > /dev/null 2>&1 < /dev/null`;
      const [file, words] = account
        ? ['runuser', ['-u', POSTGRES_USER, '--', 'sh', '-c', quiet]]
        : ['sh', ['-c', quiet]];
      const { exitCode } = await exec(file as string, words as string[], {
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' },
      });
      if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}: ${command}`);
    },
  };
}

async function postgresAccount(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  const [, , uid, gid] = lines.find((line) => line.startsWith(`${POSTGRES_USER}:`))?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
