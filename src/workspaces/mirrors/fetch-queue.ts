import { createCancellation, unlessAborted } from '../../base/cancel.ts';
import { FlowError } from '../../base/errors.ts';
import type { Progress } from '../progress.ts';

/** One fetch: what its callers want, together. */
export type FetchJob<T> = {
  readonly subject: T;
  readonly requests: ReadonlySet<string>;
  /** Called off when nobody waits for the fetch any more. */
  readonly signal: AbortSignal;
  report(progress: Progress): void;
};

/** What one caller wants. `kind` tells which jobs may be shared: two of one kind are one fetch. */
export type FetchRequest<T> = {
  key: string;
  kind: string;
  subject: T;
  requests: readonly string[];
  signal: AbortSignal | undefined;
  onProgress: ((progress: Progress) => void) | undefined;
};

type Job<T> = {
  subject: T;
  requests: Set<string>;
  listeners: Set<(progress: Progress) => void>;
  waiters: number;
  stop: () => void;
  done: Promise<void>;
};

type Lane<T> = { tail: Promise<void>; waiting: Map<string, Job<T>> };

/**
 * One fetch at a time for each key. A request joins a job of its kind that has not begun yet — never one under
 * way, which may have asked the server before the wanted commit was there. The latest subject of a job counts.
 */
export function createFetchQueue<T>(
  work: (job: FetchJob<T>) => Promise<void>,
): (request: FetchRequest<T>) => Promise<void> {
  const lanes = new Map<string, Lane<T>>();

  const enqueue = (lane: Lane<T>, { key, kind, subject }: FetchRequest<T>): Job<T> => {
    const cancellation = createCancellation();
    const job: Job<T> = {
      subject,
      requests: new Set(),
      listeners: new Set(),
      waiters: 0,
      stop: () => cancellation.cancel(nobodyWaits()),
      done: lane.tail.then(async () => {
        if (lane.waiting.get(kind) === job) lane.waiting.delete(kind);
        cancellation.signal.throwIfAborted();
        const report = (progress: Progress): void => job.listeners.forEach((listen) => void listen(progress));
        await work({ subject: job.subject, requests: job.requests, signal: cancellation.signal, report });
      }),
    };
    lane.waiting.set(kind, job);
    lane.tail = job.done.catch(() => undefined);
    const { tail } = lane;
    void tail.then(() => lane.tail === tail && lanes.delete(key));
    return job;
  };

  return async (request) => {
    request.signal?.throwIfAborted();
    const lane = lanes.get(request.key) ?? { tail: Promise.resolve(), waiting: new Map() };
    lanes.set(request.key, lane);
    const job = lane.waiting.get(request.kind) ?? enqueue(lane, request);
    job.subject = request.subject;
    for (const wanted of request.requests) job.requests.add(wanted);
    if (request.onProgress) job.listeners.add(request.onProgress);
    job.waiters += 1;
    try {
      await (request.signal ? unlessAborted(job.done, request.signal) : job.done);
    } finally {
      if (request.onProgress) job.listeners.delete(request.onProgress);
      job.waiters -= 1;
      if (job.waiters === 0) {
        if (lane.waiting.get(request.kind) === job) lane.waiting.delete(request.kind);
        job.stop();
      }
    }
  };
}

function nobodyWaits(): FlowError {
  return new FlowError({
    code: 'fetch_abandoned',
    blame: 'service',
    message: 'A fetch was ended because no run waited for it any more.',
    hint: 'Nothing needs to be done; the next run fetches again.',
  });
}
