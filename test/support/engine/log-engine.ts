import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogQuery } from '../../../src/containers/engine/docker.ts';

/** An entry as an engine writes it. */
export type WrittenEntry = { at: string; stream: 'stdout' | 'stderr'; text: string };

/** A stand-in for the log of one container, with the errors of the real one put in on purpose. */
export type LogEngine = {
  logs(id: string, query: LogQuery, signal: AbortSignal): Promise<Readable>;
  write(...entries: WrittenEntry[]): void;
  /** The container is over: streams end, after losing what they had not sent of the last `lost` entries. */
  end(lost?: number): void;
  /** Streams break off, the next `failures` calls fail. */
  breakOff(failures: number): void;
  /** The engine throws its oldest entries away. */
  drop(count: number): void;
  /** Every query so far. */
  readonly queries: LogQuery[];
};

/** An engine whose chunks hold `chunkBytes`. */
export function createLogEngine(chunkBytes = 64): LogEngine {
  let entries: WrittenEntry[] = [];
  let dropped = 0;
  let isOver = false;
  let lost = 0;
  let failures = 0;
  let epoch = 0;
  const queries: LogQuery[] = [];

  async function* follow(query: LogQuery, signal: AbortSignal): AsyncGenerator<Buffer> {
    const born = epoch;
    const wasOver = isOver;
    let next = query.tail === undefined ? 0 : Math.max(0, entries.length - query.tail);
    next += dropped;
    while (true) {
      signal.throwIfAborted();
      if (epoch !== born) throw new Error('socket hang up');
      const last = entries.length + dropped - (isOver && !wasOver ? lost : 0);
      const due = entries.slice(Math.max(0, next - dropped), Math.max(0, last - dropped));
      next = Math.max(next, last);
      const wanted = due.filter((entry) => query.since === undefined || entry.at >= query.since);
      const bytes = Buffer.concat(wanted.map(frame));
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
      if (isOver) return;
      await sleep(1);
    }
  }
  return {
    queries,
    async logs(_id, query, signal) {
      queries.push(query);
      if (failures > 0) {
        failures -= 1;
        throw new Error('connect ECONNREFUSED');
      }
      return Readable.from(follow(query, signal));
    },
    write: (...more) => void entries.push(...more),
    end(lostEntries = 0) {
      isOver = true;
      lost = lostEntries;
    },
    breakOff(times) {
      epoch += 1;
      failures = times;
    },
    drop(count) {
      entries = entries.slice(count);
      dropped += count;
    },
  };
}

function frame({ at, stream, text }: WrittenEntry): Buffer {
  const body = Buffer.from(`${at} ${text}`);
  const header = Buffer.alloc(8);
  header[0] = stream === 'stderr' ? 2 : 1;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}
