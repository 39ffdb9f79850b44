import type { Clock } from './clock.ts';
import type { FlowError } from './errors.ts';

/** Work that can be cancelled once, for a reason; the first cause counts. */
export type Cancellation = {
  readonly signal: AbortSignal;
  /** The first cause given, or undefined while the work goes on. */
  readonly cause: FlowError | undefined;
  cancel(cause: FlowError): void;
};

/** With a `parent`, its cancellation cancels this one for the same cause. */
export function createCancellation(parent?: Cancellation): Cancellation {
  const controller = new AbortController();
  let first: FlowError | undefined;
  const cancel = (cause: FlowError): void => {
    if (first) return;
    first = cause;
    controller.abort(cause);
  };
  if (parent?.cause) cancel(parent.cause);
  parent?.signal.addEventListener('abort', () => parent.cause && cancel(parent.cause), {
    once: true,
    signal: controller.signal,
  });
  return {
    signal: controller.signal,
    cancel,
    get cause() {
      return first;
    },
  };
}

/** What `work` gives, or undefined once `ms` have passed or the signal aborts. The work itself goes on; a later failure of it is ignored. */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const giveUp = (): void => late.resolve(undefined);
  const timer = clock.after(ms, giveUp);
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.stop();
    signal?.removeEventListener('abort', giveUp);
  }
}

/** What `work` gives, or the signal's reason as soon as it aborts. The work itself goes on; a later failure of it is ignored. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
