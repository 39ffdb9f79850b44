import { createCancellation, unlessAborted } from '../../base/cancel.ts';
import { FlowError } from '../../base/errors.ts';
import type { Progress } from '../git.ts';

/** One fetch: what its callers want, together. */
export type FetchJob<T> = {
  readonly subject: T;
  readonly requests: ReadonlySet<string>;
  /** Aborts when nobody waits for the fetch any more. */
  readonly signal: AbortSignal;
  report(progress: Progress): void;
};

/** What one caller wants. Requests of one `kind` that wait at the same time share one fetch. */
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

type Queue<T> = { tail: Promise<void>; waiting: Map<string, Job<T>> };

/**
 * One fetch at a time for each key. A request joins a job of its kind that has not begun yet — never one under
 * way, which may have asked the server before the wanted commit was there. The latest subject of a job counts.
 */
export function createFetchQueue<T>(
  work: (job: FetchJob<T>) => Promise<void>,
): (request: FetchRequest<T>) => Promise<void> {
  const queues = new Map<string, Queue<T>>();

  const enqueue = (queue: Queue<T>, { key, kind, subject }: FetchRequest<T>): Job<T> => {
    const cancellation = createCancellation();
    const job: Job<T> = {
      subject,
      requests: new Set(),
      listeners: new Set(),
      waiters: 0,
      stop: () => cancellation.cancel(nobodyWaits()),
      done: queue.tail.then(async () => {
        if (queue.waiting.get(kind) === job) queue.waiting.delete(kind);
        cancellation.signal.throwIfAborted();
        const report = (progress: Progress): void => job.listeners.forEach((listen) => void listen(progress));
        await work({ subject: job.subject, requests: job.requests, signal: cancellation.signal, report });
      }),
    };
    queue.waiting.set(kind, job);
    queue.tail = job.done.catch(() => undefined);
    const { tail } = queue;
    void tail.then(() => queue.tail === tail && queues.delete(key));
    return job;
  };

  return async (request) => {
    request.signal?.throwIfAborted();
    const queue = queues.get(request.key) ?? { tail: Promise.resolve(), waiting: new Map() };
    queues.set(request.key, queue);
    const job = queue.waiting.get(request.kind) ?? enqueue(queue, request);
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
        if (queue.waiting.get(request.kind) === job) queue.waiting.delete(request.kind);
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
