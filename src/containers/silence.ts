import type { Clock } from '../base/clock.ts';
import type { Engine } from './docker.ts';

/** Watches for the time when a container has been silent for too long. */
export type SilenceWatch = {
  /** The engine's log has grown. */
  heard(): void;
  stop(): void;
};

/** After this long without a line, bytes are listened to as well. */
const LISTEN_AFTER_MS = 1_000;

/** The shortest and longest time between two looks. */
const LOOK_MS = { least: 20, most: 1_000 };

/**
 * Calls `onStall` once after `stallMs` in which neither stream of the container had a byte.
 *
 * The engine writes a line into its log when it is over; an agent that prints dots is alive all the same. So when
 * the log rests, the streams themselves are listened to, until the log goes on.
 */
export function watchSilence(options: {
  engine: Pick<Engine, 'attach'>;
  containerId: string;
  stallMs: number;
  onStall: () => void;
  clock: Clock;
}): SilenceWatch {
  const { clock, stallMs } = options;
  const listenAfterMs = Math.min(LISTEN_AFTER_MS, stallMs / 4);
  let lastHeardAt = clock.now();
  let ear: AbortController | undefined;
  const touch = (): void => {
    lastHeardAt = clock.now();
  };
  const deafen = (): void => {
    ear?.abort();
    ear = undefined;
  };
  const look = (): void => {
    const silentMs = clock.now() - lastHeardAt;
    if (silentMs >= listenAfterMs && !ear) {
      ear = new AbortController();
      void listen(options, ear.signal, touch);
    }
    if (silentMs < stallMs) return;
    stop();
    options.onStall();
  };
  const everyMs = Math.max(LOOK_MS.least, Math.min(LOOK_MS.most, stallMs / 10));
  const timer = clock.every(everyMs, look);
  const stop = (): void => {
    timer.stop();
    deafen();
  };
  return {
    heard() {
      touch();
      deafen();
    },
    stop,
  };
}

/** Calls `touch` for every chunk until the signal; an engine that cannot be attached to is no reason to fail. */
async function listen(
  { engine, containerId }: { engine: Pick<Engine, 'attach'>; containerId: string },
  signal: AbortSignal,
  touch: () => void,
): Promise<void> {
  try {
    for await (const _chunk of await engine.attach(containerId, signal)) touch();
  } catch {
    // The log is still followed; only an unfinished line goes unheard.
  }
}
