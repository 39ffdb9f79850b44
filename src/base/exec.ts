import { ExecaError, execa } from 'execa';
import { FlowError } from './errors.ts';

/** How a child process runs. The environment is exactly `env`: nothing of the service's own is inherited. */
export type ExecOptions = {
  cwd?: string;
  env: Record<string, string>;
  input?: string | Uint8Array;
  /** The child is killed after this many milliseconds. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** What ends the child when its time or `signal` says so: SIGKILL unless set; SIGKILL follows a SIGTERM after 5 s. */
  killSignal?: 'SIGTERM' | 'SIGKILL';
  /** Ends what the child itself started along with it; else that may live on and hold the streams open. */
  killDescendants?: boolean;
  /** Run as this user and group; needs a root service. */
  uid?: number;
  gid?: number;
  /** Called with each chunk of standard error as it comes (progress lines). */
  onStderr?: (text: string) => void;
  /** Takes standard output as it comes; nothing of it is kept then, and it may be of any length. */
  onStdout?: (chunk: Buffer) => void;
};

/** What a finished child left: its exit code and both streams as text, cut at 64 MiB each. */
export type ExecResult = { exitCode: number; stdout: string; stderr: string };

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs `file` with `args` (no shell) and gives its output whatever the exit code; throws `command_failed` if it cannot start, is killed or runs out of time. */
export async function exec(file: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const child = execa(file, args, {
    env: options.env,
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT_BYTES,
    killSignal: options.killSignal ?? 'SIGKILL',
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...(options.input === undefined ? {} : { input: options.input }),
    killDescendants: options.killDescendants ?? false,
    ...(options.onStdout ? { buffer: { stdout: false } } : {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  if (options.onStderr) child.stderr?.on('data', (chunk: Buffer) => options.onStderr?.(chunk.toString()));
  if (options.onStdout) child.stdout?.on('data', options.onStdout);
  const result = await child;
  if (result.exitCode === undefined) throw commandFailed(file, args, result);
  return { exitCode: result.exitCode, stdout: result.stdout ?? '', stderr: result.stderr };
}

/** How a command that is `command_failed` without an exit code ended: out of time, at the end of what is kept of its output, or by a signal. */
export function howEnded(error: unknown): { ended?: 'time' | 'output'; signal?: string; stderr?: string } {
  const cause = error instanceof FlowError ? error.cause : undefined;
  if (!(cause instanceof ExecaError)) return {};
  const { timedOut, isMaxBuffer, signal, stderr } = cause;
  if (timedOut || isMaxBuffer) return { ended: timedOut ? 'time' : 'output' };
  return signal === undefined ? {} : { signal, stderr: String(stderr) };
}

/** Like `exec`, but an exit code other than 0 is `command_failed` too; gives standard output. */
export async function execOk(file: string, args: readonly string[], options: ExecOptions): Promise<string> {
  const result = await exec(file, args, options);
  if (result.exitCode !== 0) throw commandFailed(file, args, result);
  return result.stdout;
}

function commandFailed(file: string, args: readonly string[], result: unknown): FlowError {
  const { stderr, exitCode } = result as { stderr?: string; exitCode?: number };
  const detail = stderr?.trim().split('\n').slice(-5).join('\n') || (result as Error).message || '';
  return new FlowError({
    code: 'command_failed',
    blame: 'service',
    message: `${file} ${args[0] ?? ''} ended with ${exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`}: ${detail}`,
    mend: `See whether ${file} works from a shell as the service's user; \`github-flows doctor\` checks what the service needs.`,
    cause: result instanceof ExecaError ? result : undefined,
  });
}
