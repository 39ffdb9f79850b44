import { asFlowError, type FlowError } from '../base/errors.ts';
import { runGit } from '../workspaces/git.ts';
import { changesTooLarge } from './errors.ts';
import { CHANGE_LIMITS } from './limits.ts';

/** Large files are streamed, so that the limit on memory is one on what an agent made. */
const SETTINGS = [
  'core.bigFileThreshold=16m',
  'core.deltaBaseCacheLimit=64m',
  'pack.threads=1',
  'pack.windowMemory=128m',
];

/**
 * Runs git on objects that an agent made, within limits of processor time, memory and file size: a few kilobytes can
 * unfold to terabytes. Files take the place of the standard streams. Throws `changes_too_large` when a limit ended it,
 * and what `refuse` makes of git's last words when it failed; exit codes in `accepts` are answers too.
 */
export async function confinedGit(
  args: readonly string[],
  files: { input?: string; output?: string },
  refuse: (words: string) => FlowError,
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
 * billions of files, and whatever compares them holds every one in memory before it says a word. Listing holds none.
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
    `they unfold to more than ${fileBytes / 1024 ** 2} MiB, ${memoryBytes / 1024 ** 3} GiB of memory or ${cpuSec} s of work`,
  );
}

function lastLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'git said nothing').slice(0, 300).replace(/\.$/, '');
}
