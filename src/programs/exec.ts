import { FlowError } from '../base/errors.ts';
import { type ChildEnd, type ChildOptions, type RunChild, runChild } from './child.ts';
import { type Helper, startHelper } from './helper.ts';

/** How a child process runs, and who follows it. */
export type ExecOptions = ChildOptions & {
  signal?: AbortSignal;
  /** Called with each chunk of standard error as it comes (progress lines). */
  onStderr?: (text: string) => void;
  /** Takes standard output as it comes; nothing of it is kept then, and it may be of any length. */
  onStdout?: (chunk: Buffer) => void;
};

/** What a finished child left: its exit code and both streams as text. */
export type ExecResult = { exitCode: number; stdout: string; stderr: string };

/** The helper of this process, and how many hold it. */
let helper: { process: Helper; holders: number } | undefined;

/**
 * Has a helper start this process's programs from now on, until what it gives is called. Every start copies the page
 * tables of whoever starts, which stops a service of a few hundred megabytes for 10 ms and more; the helper is small.
 */
export function holdHelper(): () => void {
  const shared = helper ?? { process: startHelper(), holders: 0 };
  helper = shared;
  shared.holders += 1;
  return () => {
    shared.holders -= 1;
    if (shared.holders > 0) return;
    shared.process.stop();
    if (helper === shared) helper = undefined;
  };
}

/** The helper while it lives; a command of the command line, and whoever lost it, starts its programs itself. */
function starter(): RunChild {
  return helper?.process.isAlive() ? helper.process.run : runChild;
}

/** Runs `file` with `args` (no shell) and gives its output whatever the exit code; throws `command_failed` if it cannot start, is killed, runs out of time or prints more than 64 MiB. */
export async function exec(file: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { signal, onStdout, onStderr, ...how } = options;
  const order = { cwd: process.cwd(), ...how, file, args, isStreamed: onStdout !== undefined };
  const kept = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const end = await starter()(order, {
    signal,
    onStdout: onStdout ?? ((chunk) => void kept.stdout.push(chunk)),
    onStderr(chunk) {
      kept.stderr.push(chunk);
      onStderr?.(chunk.toString());
    },
  });
  const [stdout, stderr] = [Buffer.concat(kept.stdout).toString(), Buffer.concat(kept.stderr).toString()];
  if (end.exitCode === undefined)
    throw commandFailed(file, args, { stderr, cause: new CommandEnd(end, stderr) });
  return { exitCode: end.exitCode, stdout, stderr };
}

/** How a command that is `command_failed` without an exit code ended: out of time, at the end of what is kept of its output, or by a signal. */
export function howEnded(error: unknown): { ended?: 'time' | 'output'; signal?: string; stderr?: string } {
  const cause = error instanceof FlowError ? error.cause : undefined;
  if (!(cause instanceof CommandEnd)) return {};
  const { timedOut, isOverlong, signal } = cause.end;
  if (timedOut || isOverlong) return { ended: timedOut ? 'time' : 'output' };
  return signal === undefined ? {} : { signal, stderr: cause.stderr };
}

/** Like `exec`, but an exit code other than 0 is `command_failed` too; gives standard output. */
export async function execOk(file: string, args: readonly string[], options: ExecOptions): Promise<string> {
  const result = await exec(file, args, options);
  if (result.exitCode !== 0) throw commandFailed(file, args, result);
  return result.stdout;
}

/** A program that ended without an exit code. */
class CommandEnd extends Error {
  readonly end: ChildEnd;
  readonly stderr: string;
  constructor(end: ChildEnd, stderr: string) {
    super(end.message);
    this.end = end;
    this.stderr = stderr;
  }
}

function commandFailed(
  file: string,
  args: readonly string[],
  { exitCode, stderr, cause }: { exitCode?: number; stderr: string; cause?: CommandEnd },
): FlowError {
  const how = exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`;
  const lastLines = stderr.trim().split('\n').slice(-5).join('\n');
  return new FlowError({
    code: 'command_failed',
    blame: 'service',
    message: `${file} ${args[0] ?? ''} ended with ${how}: ${lastLines || (cause?.message ?? '')}`,
    hint: `See whether ${file} works from a shell as the service's user; \`github-flows doctor\` checks what the service needs.`,
    cause,
  });
}
