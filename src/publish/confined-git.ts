import { asFlowError, type FlowError } from '../base/errors.ts';
import { runGit } from '../workspaces/git.ts';
import { changesTooLarge } from './errors.ts';
import { CHANGE_LIMITS } from './limits.ts';

/** Blocks of 512 bytes and of 1,024: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/ulimit.html and dash(1). */
const SCRIPT =
  'input=$1; output=$2; shift 2; ulimit -c 0; ulimit -t "$1"; ulimit -f "$2"; ulimit -v "$3"; shift 3; exec "$@" <"$input" >"$output"';

/** Large files are streamed, and packs are mapped in small windows, so that the limit on memory is one on what an agent made. */
const SETTINGS = [
  'core.bigFileThreshold=16m',
  'core.packedGitWindowSize=32m',
  'core.packedGitLimit=256m',
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
  const { cpuSec, fileBytes, memoryBytes } = CHANGE_LIMITS;
  const limits = [String(cpuSec), String(fileBytes / 512), String(memoryBytes / 1024)];
  const { input = '/dev/null', output = '/dev/null' } = files;
  try {
    const { exitCode, stderr } = await runGit(args, {
      through: ['/bin/sh', '-c', SCRIPT, 'sh', input, output, ...limits],
      settings: SETTINGS,
      timeoutMs: 4 * cpuSec * 1000,
      ...(signal === undefined ? {} : { signal }),
    });
    if (exitCode === 0 || accepts.includes(exitCode)) return;
    if (/out of memory|File too large/i.test(stderr)) throw tooLarge();
    throw refuse(lastLine(stderr));
  } catch (error) {
    throw asFlowError(error).code === 'command_failed' ? tooLarge() : error;
  }
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
