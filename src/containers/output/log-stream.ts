import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Engine } from '../engine/docker.ts';
import { createDemuxer, type LogEntry } from './demux.ts';
import { createResumeFilter } from './log-position.ts';
import { type LogSink, openLogSink, type SinkOptions } from './log-sink.ts';

/** What following a container's output takes. */
export type FollowOptions = SinkOptions & {
  engine: Pick<Engine, 'logs'>;
  containerId: string;
  /** The container wrote this many bytes more; 0 when the engine does not answer. */
  onActivity: (bytes: number) => void;
  clock: Clock;
};

/** A container's output while it is read. */
export type OutputFollower = {
  /** Stops reading until `finish`. */
  pause(): Promise<void>;
  /** Reads what is left of a container that is over, to the last byte. Never rejects. */
  finish(): Promise<void>;
  /** Stops reading wherever it is and closes the file; `isOver` when no one will go on reading. */
  close(isOver: boolean): Promise<void>;
};

/** The pause before a new connection. */
const RECONNECT_MS = 250;

/** How long a stream may take to end after its container. */
const NATURAL_END_MS = 200;

/** How many of a container’s last entries a stream may have missed, before the whole log is read again. */
const MISSED_ENTRIES = 20_000;

/**
 * Reads a container's output into `output.jsonl`, from where an earlier service stopped, without gaps or doubles,
 * at the pace of the disk and of the listener, in memory that does not grow with the output.
 *
 * Engine 20.10 ends the stream of a container that ends before its last lines were sent, so `finish` reads again.
 */
export async function followOutput(options: FollowOptions): Promise<OutputFollower> {
  const sink = await openLogSink(options);
  const [over, reading, stop] = [new AbortController(), new AbortController(), new AbortController()];
  const done = follow(options, sink, { over: over.signal, reading: reading.signal });
  let rest = Promise.resolve();
  const pause = async (): Promise<void> => {
    over.abort();
    reading.abort();
    await done;
  };
  return {
    pause,
    async finish() {
      over.abort();
      await within(options.clock, NATURAL_END_MS, done);
      await pause();
      rest = readRest(options, sink, stop.signal);
      await rest;
    },
    async close(isOver) {
      stop.abort();
      await pause();
      await rest;
      await sink.close(isOver);
    },
  };
}

/** Reads until the stream ends after `over`, or until `reading` aborts; reconnects after an error. */
async function follow(
  options: FollowOptions,
  sink: LogSink,
  signals: { over: AbortSignal; reading: AbortSignal },
): Promise<void> {
  while (!signals.over.aborted) {
    await attempt(options, () => readOnce(options, sink, {}, signals.reading), signals.reading);
    if (!signals.reading.aborted) options.onActivity(0);
    await options.clock.sleep(RECONNECT_MS, signals.over).catch(() => {});
  }
}

/** Reads the last entries first, which the engine finds without decoding its whole log; then the whole log when they are not enough. */
async function readRest(options: FollowOptions, sink: LogSink, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const tail = sink.resume().skip === 0 ? {} : { tail: sink.resume().skip + MISSED_ENTRIES };
    const isRead = await attempt(
      options,
      async () => {
        if (!(await readOnce(options, sink, tail, signal))) await readOnce(options, sink, {}, signal);
      },
      signal,
    );
    if (isRead) return;
    await options.clock.sleep(RECONNECT_MS, signal).catch(() => {});
  }
}

/** Gives whether there is nothing more to read: it went well, or the container is gone. */
async function attempt(
  { log, containerId }: FollowOptions,
  read: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    const known = asFlowError(error);
    if (known.code === 'container_gone') return true;
    if (!signal.aborted)
      log.warn({ err: known, containerId }, 'reading output of container failed, reconnecting');
    return false;
  }
}

/** Reads until the stream ends or breaks; gives false, and takes nothing, when the requested tail does not reach back to what is known. */
async function readOnce(
  options: FollowOptions,
  sink: LogSink,
  part: { tail?: number },
  signal: AbortSignal,
): Promise<boolean> {
  const position = sink.resume();
  const filter = createResumeFilter(position);
  const demuxer = createDemuxer();
  let isGapReported = false;
  const query = { since: position.since, ...part };
  for await (const chunk of await options.engine.logs(options.containerId, query, signal)) {
    const fresh: LogEntry[] = [];
    for (const entry of demuxer.push(chunk)) {
      if (filter.isKnown(entry)) sink.recall(entry);
      else fresh.push(entry);
    }
    if (filter.hasGap && part.tail !== undefined) return false;
    if (fresh.length === 0) continue;
    if (filter.hasGap && !isGapReported) await sink.missed(position.newest, GAP_TEXT);
    isGapReported = filter.hasGap;
    await sink.take(fresh);
    options.onActivity(fresh.reduce((sum, { bytes }) => sum + bytes, 0));
  }
  return true;
}

const GAP_TEXT = '[Output is missing here: the engine had dropped it before it could be read.]';

/** Gives a container's output to `print` as its lines come, both streams as one, until it is over or the signal aborts. Nothing is kept. */
export async function printOutput(
  engine: Pick<Engine, 'logs'>,
  containerId: string,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const demuxer = createDemuxer();
  for await (const chunk of await engine.logs(containerId, {}, signal))
    for (const { text, ends } of demuxer.push(chunk)) print(ends ? `${text}\n` : text);
}
