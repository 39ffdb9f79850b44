import { execa } from 'execa';

/** A program to start, as data: what crosses to another process. The environment is exactly `env`. */
export type ChildOrder = {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  input?: string | Uint8Array;
  timeoutMs?: number;
  killSignal: 'SIGTERM' | 'SIGKILL';
  killDescendants: boolean;
  uid?: number;
  gid?: number;
  /** Ends the program when a stream that is counted has given more bytes than this. */
  maxBytes: number;
  /** Whether standard output is not counted: it may be of any length. */
  isStreamed: boolean;
};

/** How a program came out: its exit code where it had one, and else what ended it. */
export type ChildEnd = {
  exitCode: number | undefined;
  /** The signal that ended it. */
  signal: string | undefined;
  timedOut: boolean;
  /** Whether it said more than is taken. */
  isOverlong: boolean;
  /** What is to be said of one that has no exit code. */
  message: string;
};

/** Who is told what a program says, chunk by chunk, and may end it. */
export type ChildTaps = {
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  signal?: AbortSignal | undefined;
};

/** How programs are started: in this process, or in another for it. Resolves however the program came out, once all is said. */
export type RunChild = (order: ChildOrder, taps: ChildTaps) => Promise<ChildEnd>;

/** Starts a program from this process. */
export const runChild: RunChild = async (order, { onStdout, onStderr, signal }) => {
  const overlong = new AbortController();
  // The library keeps nothing: what it keeps it escapes for its message, which takes a minute for 64 MiB of zeros.
  const child = execa(order.file, order.args, {
    buffer: false,
    cwd: order.cwd,
    env: order.env,
    extendEnv: false,
    reject: false,
    killSignal: order.killSignal,
    killDescendants: order.killDescendants,
    stdin: order.input === undefined ? 'ignore' : 'pipe',
    cancelSignal: signal ? AbortSignal.any([signal, overlong.signal]) : overlong.signal,
    ...(order.input === undefined ? {} : { input: order.input }),
    ...(order.timeoutMs === undefined ? {} : { timeout: order.timeoutMs }),
    ...(order.uid === undefined ? {} : { uid: order.uid }),
    ...(order.gid === undefined ? {} : { gid: order.gid }),
  });
  const counted = (tell: (chunk: Buffer) => void): ((chunk: Buffer) => void) => {
    let left = order.maxBytes;
    return (chunk) => {
      left -= chunk.length;
      if (left < 0) overlong.abort();
      else tell(chunk);
    };
  };
  child.stdout?.on('data', order.isStreamed ? onStdout : counted(onStdout));
  child.stderr?.on('data', counted(onStderr));
  const { exitCode, signal: endedBy, timedOut, shortMessage } = await child;
  const isOverlong = overlong.signal.aborted;
  return {
    exitCode: isOverlong ? undefined : exitCode,
    signal: endedBy,
    timedOut,
    isOverlong,
    message: isOverlong ? `it said more than ${order.maxBytes} bytes` : (shortMessage ?? ''),
  };
};
