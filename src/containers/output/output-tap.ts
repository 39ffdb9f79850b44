import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import type { Engine } from '../engine/docker.ts';

/** The raw streams of a running container, slowed down when its log does not keep up. */
export type OutputTap = {
  /** This many more bytes have been read from the engine's log. */
  logged(bytes: number): void;
  /** Lets through next to nothing: what the engine has taken so far can be logged before the container is killed. */
  block(): void;
  /** Lets everything through, whatever the log does. */
  release(): void;
  close(): void;
};

/** How many bytes the streams may be ahead of the log before they are slowed down. */
const AHEAD_BYTES = 64 * 1024;

/** What the engine takes from a container for a client that does not read: it blocks above 1,000,000 bytes a stream. */
const ENGINE_BUFFER_BYTES = 1_000_000;

/** A log that has not grown for this long has caught up; also how often a blocked stream lets one chunk through. */
const IDLE_MS = 500;

const RECONNECT_MS = 1_000;

/**
 * Listens to a container's streams themselves, beside its log.
 *
 * The engine writes a line into its log when the line is over, so only the streams show that an agent prints dots:
 * `onBytes` is called for whatever comes. And the engine stops taking output from a container when a client that
 * is attached does not read, which is the only way to slow a flood down: it is let through as fast as its log is
 * read. Otherwise the follower of the log would fall behind until it loses lines, and a stop would wait for
 * seconds while the engine writes up to a megabyte of backlog, a line at a time.
 */
export function tapOutput(options: {
  engine: Pick<Engine, 'attach'>;
  containerId: string;
  onBytes: () => void;
  clock: Clock;
}): OutputTap {
  const { engine, containerId, onBytes, clock } = options;
  const closing = new AbortController();
  let phase: 'paced' | 'blocked' | 'released' = 'paced';
  let tapped = 0;
  let logged = 0;
  let isFlood = false;
  let change = Promise.withResolvers<void>();
  const changed = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };

  /** In a flood the engine's buffer is full of what the log has shown already, so that little is between the two. */
  const pace = async (): Promise<void> => {
    isFlood ||= tapped - logged > AHEAD_BYTES;
    while (phase === 'paced' && isFlood && logged - tapped < ENGINE_BUFFER_BYTES) {
      const before = logged;
      await within(clock, IDLE_MS, change.promise);
      if (logged > before) continue;
      isFlood = false;
      tapped = logged;
    }
    if (phase === 'blocked') await within(clock, IDLE_MS, change.promise);
  };
  const listen = async (): Promise<void> => {
    const count = payloadCounter();
    for await (const chunk of await engine.attach(containerId, closing.signal)) {
      onBytes();
      tapped += count(chunk);
      await pace();
    }
  };
  const keepListening = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      // Without it the log is followed all the same, only less closely; the follower says what is wrong.
      await listen().catch(() => {});
      await clock.sleep(RECONNECT_MS, closing.signal).catch(() => {});
    }
  };
  void keepListening();
  const enter = (next: typeof phase): void => {
    phase = next;
    changed();
  };
  return {
    logged(bytes) {
      logged += bytes;
      changed();
    },
    block: () => enter('blocked'),
    release: () => enter('released'),
    close() {
      closing.abort();
      enter('released');
    },
  };
}

/** Counts the bytes of output in chunks of a multiplexed stream: all but the headers of eight bytes. */
function payloadCounter(): (chunk: Buffer) => number {
  const header = Buffer.alloc(8);
  let headerBytes = 0;
  let left = 0;
  return (chunk) => {
    let counted = 0;
    let at = 0;
    while (at < chunk.length) {
      const step = Math.min(chunk.length - at, left > 0 ? left : header.length - headerBytes);
      if (left > 0) {
        left -= step;
        counted += step;
      } else {
        chunk.copy(header, headerBytes, at, at + step);
        headerBytes = (headerBytes + step) % header.length;
        if (headerBytes === 0) left = header.readUInt32BE(4);
      }
      at += step;
    }
    return counted;
  };
}
