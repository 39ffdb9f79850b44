import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgresServer } from '../databases/postgres-server.ts';
import { spawnProgram } from '../processes/spawn-program.ts';
import { isUnit } from './size.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of the PostgreSQL that all files share; empty where there is none. */
    postgres: string;
    /** The socket of the process that has read GitHub's description of its API. */
    githubDescription: string;
  }
}

const ends: (() => unknown)[] = [];

/** What all test files share, from the first to the last: a PostgreSQL, and GitHub's description of its API. */
export async function setup(project: TestProject): Promise<void> {
  // Tests that run tests share these with theirs.
  const { TEST_POSTGRES, TEST_DESCRIPTION } = process.env;
  project.provide('postgres', TEST_POSTGRES ?? (await startPostgres()));
  project.provide('githubDescription', TEST_DESCRIPTION ?? (await startDescription()));
}

/** Their end. */
export async function teardown(): Promise<void> {
  for (const end of ends.reverse()) await end();
}

async function startPostgres(): Promise<string> {
  if (isUnit) return '';
  const server = await startPostgresServer();
  ends.push(server.remove);
  return server.dir;
}

async function startDescription(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'gf-description-'));
  const socket = join(dir, 'socket');
  const program = join(import.meta.dirname, '../github/description-process.ts');
  const child = spawnProgram(process.execPath, [program, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => {
    child.stdin?.end();
    rmSync(dir, { recursive: true });
  });
  await new Promise((listening) => child.stdout?.once('data', listening));
  return socket;
}
