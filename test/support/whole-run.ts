import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';
import { isUnit } from './size.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of the PostgreSQL that all files share; empty where there is none. */
    postgres: string;
  }
}

let server: PostgresServer | undefined;

/** The PostgreSQL that all test files share, from the first to the last. */
export async function setup(project: TestProject): Promise<void> {
  if (!isUnit) server = await startPostgresServer();
  project.provide('postgres', server?.dir ?? '');
}

/** Its end. */
export async function teardown(): Promise<void> {
  await server?.remove();
}
