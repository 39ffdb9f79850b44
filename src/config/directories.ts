import { mkdirSync } from 'node:fs';
import { FlowError } from '../base/errors.ts';
import { mayBeRunDir } from './memory-place.ts';

/** Makes VAR_DIR for this user alone, unless it is there. Throws `var_dir_unusable`. */
export function makeVarDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new FlowError({
      code: 'var_dir_unusable',
      blame: 'operator',
      message: `The directory VAR_DIR ${dir} is not there and cannot be made: ${(error as Error).message}.`,
      hint: `Make it for the user that the service runs as (\`install -d -m 700 -o <user> ${dir}\`), or set VAR_DIR to a directory that this user may write.`,
      cause: error,
    });
  }
}

/** Anybody may make names in `/dev/shm`. Throws `run_dir_taken`. */
export function refuseTakenRunDir(runDir: string): void {
  if (mayBeRunDir(runDir)) return;
  throw new FlowError({
    code: 'run_dir_taken',
    blame: 'operator',
    message: `RUN_DIR is ${runDir}, and somebody else has made the directory there, or may write it.`,
    hint: 'Find out who did, remove it, or set RUN_DIR to a directory of a tmpfs that the service alone may write.',
  });
}
