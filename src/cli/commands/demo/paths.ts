import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlowError, systemCode } from '../../../base/errors.ts';

/** The files of a demo, all below one private directory. */
export type DemoPaths = {
  dir: string;
  /** Locked while a demo runs. */
  lock: string;
  /** The installations of the last demos, by which their containers are found. */
  installations: string;
  settings: string;
  profiles: string;
  /** Bare repositories, `<owner>/<name>.git`. */
  repositories: string;
  secrets: string;
  varDir: string;
  runDir: string;
  serviceLog: string;
};

/**
 * One directory for each user and all demos, so that the next one cleans up after a killed one. Created if it does not
 * exist. Throws `demo_directory_unusable` when somebody else could write there.
 */
export function openDemoPaths(): DemoPaths {
  const uid = process.getuid?.() ?? 0;
  const dir = join(tmpdir(), `github-flows-demo-${uid}`);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const found = lstatSync(dir);
    if (!found.isDirectory()) throw unusable(dir, 'it is not a directory');
    if (found.uid !== uid) throw unusable(dir, `it belongs to the user ${found.uid}`);
    chmodSync(dir, 0o700);
  } catch (error) {
    throw error instanceof FlowError ? error : unusable(dir, systemCode(error) ?? String(error), error);
  }
  return {
    dir,
    lock: join(dir, 'demo.lock'),
    installations: join(dir, 'installations'),
    settings: join(dir, '.env'),
    profiles: join(dir, 'profiles'),
    repositories: join(dir, 'repositories'),
    secrets: join(dir, 'secrets'),
    varDir: join(dir, 'var'),
    runDir: join(dir, 'run'),
    serviceLog: join(dir, 'service.log'),
  };
}

function unusable(dir: string, why: string, cause?: unknown): FlowError {
  return new FlowError({
    code: 'demo_directory_unusable',
    blame: 'operator',
    message: `The demo cannot use ${dir}: ${why}.`,
    hint: 'Remove it, or name another directory for temporary files: TMPDIR=/var/tmp npm run demo',
    cause,
  });
}
