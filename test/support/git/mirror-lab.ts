import { mkdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { Owner } from '../../../src/base/files.ts';
import { createMirrors, type MirrorParts, type Mirrors } from '../../../src/workspaces/mirrors/mirror.ts';
import { temporaryDirectory } from '../suite/temporary.ts';
import { makeRepository, type TestRepository } from './repository.ts';
import { type GitServer, startGitServer } from './server.ts';

/** A git server with one repository (`owner/repository`, id 7), and mirrors of it; all gone when the test is over. */
export type MirrorLab = {
  dir: string;
  served: string;
  server: GitServer;
  origin: TestRepository;
  mirrors: Mirrors;
  mirrorDir: string;
  /** Log lines, as objects. */
  log: Record<string, unknown>[];
  make(parts?: Partial<MirrorParts>): Mirrors;
};

/** The repository of the lab, as events name it. */
export const REPOSITORY = { id: 7, owner: 'owner', name: 'repository' };

/** Whose files a run's are in tests: an ordinary user's when the tests run as root, else our own. */
export const RUN_OWNER: Owner =
  process.getuid?.() === 0
    ? { uid: 1000, gid: 1000 }
    : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

export async function makeMirrorLab(): Promise<MirrorLab> {
  const dir = await temporaryDirectory();
  await chmod(dir, 0o755);
  const served = join(dir, 'served');
  mkdirSync(served);
  const server = await startGitServer(served);
  onTestFinished(async () => await server.close());
  const log: Record<string, unknown>[] = [];
  const lines = pino({ level: 'trace' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const mirrorDir = join(dir, 'mirrors');
  const make = (parts: Partial<MirrorParts> = {}): Mirrors =>
    createMirrors({
      dir: mirrorDir,
      serverUrl: server.url,
      clock: systemClock,
      log: lines,
      credentialEnv: async () => ({}),
      ...parts,
    });
  return {
    dir,
    served,
    server,
    origin: makeRepository(served, REPOSITORY.owner, REPOSITORY.name),
    mirrors: make(),
    mirrorDir,
    log,
    make,
  };
}
