import type { SQLInputValue } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { storageError } from './errors.ts';
import type { StatementResult, ThreadAnswer, ThreadError, ThreadRequest } from './protocol.ts';

/**
 * A SQLite file held by a thread of its own, so that waiting for the disk or for another process never stops
 * this one. Statements run in the order they are given. The process stays alive for a statement, not for an
 * idle file.
 */
export type SqliteThread = {
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult>;
  /** After the statements given so far; nothing may be run afterwards. */
  close(): Promise<void>;
};

type Waiting = { resolve: (result: StatementResult) => void; reject: (error: unknown) => void };

/** Threads without a file. The next file takes one: a thread takes several times as long to start as a file to open. */
const idle: Worker[] = [];

/** Opens the file in a thread; throws `database_damaged`, `database_unavailable`, `database_busy`. */
export async function startSqliteThread(file: string): Promise<SqliteThread> {
  const worker = idle.pop() ?? new Worker(new URL('./worker.ts', import.meta.url));
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  const expect = (id: number, send?: () => void): Promise<StatementResult> =>
    new Promise((resolve, reject) => {
      send?.();
      waiting.set(id, { resolve, reject });
      worker.ref();
    });
  const ask = async (
    request: Without<ThreadRequest, 'id'>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<StatementResult> => {
    lastId += 1;
    const id = lastId;
    return await expect(id, () => worker.postMessage({ id, ...request }, moved));
  };

  const onMessage = (answer: ThreadAnswer): void => {
    const caller = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ('result' in answer) caller?.resolve(answer.result);
    else caller?.reject(storageError(file, asError(answer.issue)));
  };
  let ended: unknown;
  const onError = (error: unknown): void => {
    ended = error;
  };
  let hasExited = false;
  const onExit = (): void => {
    hasExited = true;
    for (const { reject } of waiting.values()) reject(ended ?? new Error(`The thread of ${file} has ended.`));
    waiting.clear();
  };
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  let isClosed = false;
  const leave = (): void => {
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    if (!hasExited) idle.push(worker);
  };
  await ask({ file }).catch((error: unknown) => {
    leave();
    throw error;
  });
  return {
    run: async (sql, parameters) => {
      // The thread may hold another file by now.
      if (isClosed) throw new Error(`The database ${file} is closed.`);
      const { sent, moved } = packBlobs(parameters);
      return await ask({ sql, parameters: sent as SQLInputValue[] }, moved);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await ask({ close: true });
      leave();
    },
  };
}

/** The parameters with their blobs copied into one memory that moves with the message: several times cheaper than having it copy each. */
function packBlobs(parameters: readonly unknown[]): { sent: unknown[]; moved: ArrayBuffer[] } {
  const blobs = parameters.filter((value) => value instanceof Uint8Array);
  if (blobs.length === 0) return { sent: [...parameters], moved: [] };
  const memory = new Uint8Array(blobs.reduce((bytes, blob) => bytes + blob.length, 0));
  let end = 0;
  const sent = parameters.map((value) => {
    if (!(value instanceof Uint8Array)) return value;
    memory.set(value, end);
    end += value.length;
    return memory.subarray(end - value.length, end);
  });
  return { sent, moved: [memory.buffer] };
}

type Without<Union, Key extends string> = Union extends unknown ? Omit<Union, Key> : never;

function asError(issue: ThreadError): Error {
  const { message, ...codes } = issue;
  return Object.assign(new Error(message), codes);
}
