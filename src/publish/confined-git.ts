import { formatBytes } from '../base/bytes.ts';
import { asFlowError, type FlowError } from '../base/errors.ts';
import { runGit } from '../workspaces/git.ts';
import { changesTooLarge } from './errors.ts';

/** What the service takes from an agent's repository, at the most; bytes, and seconds of processor time for each step. */
export const CHANGE_LIMITS = {
  /** The bundle as it comes out of the container, compressed. */
  bundleBytes: 64 * 1024 * 1024,
  /** Its text before the objects. */
  headerBytes: 64 * 1024,
  objects: 200_000,
  /** Any one file that git writes while the bundle is checked: the objects, the patch. */
  fileBytes: 256 * 1024 * 1024,
  /** All paths of a commit together: two million files or so. */
  pathBytes: 128 * 1024 * 1024,
  /** Address space of git on the host. */
  memoryBytes: 2 * 1024 * 1024 * 1024,
  cpuSec: 30,
  /** The container's whole time. */
  containerMs: 60_000,
  /** Its time until git has found the commits; a FIFO in the place of a file would hold it for ever. */
  lookSec: 10,
  containerMemoryBytes: 1024 * 1024 * 1024,
} as const;

/** Large files are streamed, so that git stays within its memory limit. */
const SETTINGS = [
  'core.bigFileThreshold=16m',
  'core.deltaBaseCacheLimit=64m',
  'pack.threads=1',
  'pack.windowMemory=128m',
];

/**
 * Runs git on objects that an agent made, within limits of processor time, memory and file size: a few kilobytes can
 * unfold to terabytes. Files take the place of the standard streams. Throws `changes_too_large` when a limit ended it,
 * and what `refuse` makes of git's last line when it failed; exit codes in `accepts` are answers too.
 */
export async function confinedGit(
  args: readonly string[],
  files: { input?: string; output?: string },
  refuse: (detail: string) => FlowError,
  { accepts = [], signal }: { accepts?: readonly number[]; signal?: AbortSignal } = {},
): Promise<void> {
  const { input = '/dev/null', output = '/dev/null' } = files;
  try {
    const { exitCode, stderr } = await runGit(args, {
      limits: CHANGE_LIMITS,
      files: { input, output },
      settings: SETTINGS,
      timeoutMs: 4 * CHANGE_LIMITS.cpuSec * 1000,
      ...(signal === undefined ? {} : { signal }),
    });
    if (exitCode === 0 || accepts.includes(exitCode)) return;
    throw refuse(lastLine(stderr));
  } catch (error) {
    throw asTooLarge(error);
  }
}

/**
 * Throws `changes_too_large` for a commit whose paths are no list to work with: a few hundred bytes of trees name
 * billions of files, and a comparison has all of them in memory before it prints anything. A listing has none.
 */
export async function refuseEndless(repository: string, commit: string): Promise<void> {
  const enough = new AbortController();
  let bytes = 0;
  await runGit([`--git-dir=${repository}`, 'ls-tree', '-r', '-t', '-z', '--name-only', commit], {
    limits: CHANGE_LIMITS,
    timeoutMs: 4 * CHANGE_LIMITS.cpuSec * 1000,
    signal: enough.signal,
    onStdout(chunk) {
      bytes += chunk.length;
      if (bytes > CHANGE_LIMITS.pathBytes) enough.abort(tooLarge());
    },
  }).catch((error: unknown) => {
    throw asTooLarge(error);
  });
  // Git may have ended before it could be ended.
  enough.signal.throwIfAborted();
}

function asTooLarge(error: unknown): unknown {
  const { code } = asFlowError(error);
  return code === 'command_failed' || code === 'repository_over_limits' ? tooLarge() : error;
}

function tooLarge(): FlowError {
  const { cpuSec, fileBytes, memoryBytes } = CHANGE_LIMITS;
  return changesTooLarge(
    `they unfold to more than ${formatBytes(fileBytes)}, ${formatBytes(memoryBytes)} of memory or ${cpuSec} s of work`,
  );
}

function lastLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'git printed nothing').slice(0, 300).replace(/\.$/, '');
}
