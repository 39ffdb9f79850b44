import { execa } from 'execa';

/** The most bytes of each stream that is counted. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** How a program is started, as data. The environment is exactly `env`: nothing of the service's own is inherited. */
export type ChildOptions = {
  cwd?: string;
  env: Record<string, string>;
  input?: string | Uint8Array;
  /** The program is killed after this many milliseconds. */
  timeoutMs?: number;
  /** The signal that ends the program at its timeout or on an abort: SIGKILL unless set; SIGKILL follows a SIGTERM after 5 s. */
  killSignal?: 'SIGTERM' | 'SIGKILL';
  /** Ends what the program itself started along with it; else that may live on and hold the streams open. */
  killDescendants?: boolean;
  /** Run as this user and group; needs a root service. */
  uid?: number;
  gid?: number;
};

/** A program to start: what crosses to another process. */
export type ChildOrder = ChildOptions & {
  file: string;
  args: readonly string[];
  /** Whether standard output is not counted: it may be of any length. */
  isStreamed: boolean;
};

/** How a program came out: its exit code where it had one, and else what ended it. */
export type ChildEnd = {
  exitCode: number | undefined;
  /** The signal that ended it. */
  signal: string | undefined;
  timedOut: boolean;
  /** Whether it printed more than the limit. */
  isOverlong: boolean;
  /** Why there is no exit code. */
  message: string;
};

/** Receives the output of a program, chunk by chunk, and may end it. */
export type ChildTaps = {
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  /** Called with its process id, when it could be started. */
  onStart?(pid: number): void;
  signal?: AbortSignal | undefined;
};

/** How programs are started: in this process, or in another for it. Resolves whatever the exit code, once all output has arrived. */
export type RunChild = (order: ChildOrder, taps: ChildTaps) => Promise<ChildEnd>;

/** Starts a program from this process. */
export const runChild: RunChild = async (order, { onStdout, onStderr, onStart, signal }) => {
  const { file, args, input, timeoutMs, isStreamed, ...rest } = order;
  const overlong = new AbortController();
  // The library keeps nothing: what it keeps it escapes for its message, which takes a minute for 64 MiB of zeros.
  const child = execa(file, args, {
    killSignal: 'SIGKILL',
    ...rest,
    buffer: false,
    extendEnv: false,
    reject: false,
    cancelSignal: signal ? AbortSignal.any([signal, overlong.signal]) : overlong.signal,
    ...(input === undefined ? { stdin: 'ignore' } : { stdin: 'pipe', input }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  const counted = (pass: (chunk: Buffer) => void): ((chunk: Buffer) => void) => {
    let left = MAX_OUTPUT_BYTES;
    return (chunk) => {
      left -= chunk.length;
      if (left < 0) overlong.abort();
      else pass(chunk);
    };
  };
  child.stdout?.on('data', isStreamed ? onStdout : counted(onStdout));
  child.stderr?.on('data', counted(onStderr));
  const { exitCode, signal: endedBy, timedOut, shortMessage } = await child;
  const isOverlong = overlong.signal.aborted;
  return {
    exitCode: isOverlong ? undefined : exitCode,
    signal: endedBy,
    timedOut,
    isOverlong,
    message: isOverlong ? `it printed more than ${MAX_OUTPUT_BYTES} bytes` : (shortMessage ?? ''),
  };
};
