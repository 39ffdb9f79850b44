import { setTimeout as wait } from 'node:timers/promises';

/** A pending call; stopping it twice is harmless. */
export type Timer = { stop(): void };

/** Time as the service sees it; tests pass one that they advance themselves. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Monotonic milliseconds, for measuring how long something takes. */
  passed(): number;
  /** Calls `action` once after `ms`; never keeps the process alive. */
  after(ms: number, action: () => void): Timer;
  /** Calls `action` every `ms`, never two at once when it returns a promise; never keeps the process alive. */
  every(ms: number, action: () => void | Promise<void>): Timer;
  /** Waits `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

/** setTimeout fires at once above this many milliseconds: https://developer.mozilla.org/docs/Web/API/setTimeout#maximum_delay_value */
const MAX_DELAY_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  passed: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, MAX_DELAY_MS)).unref();
    return { stop: () => clearTimeout(timer) };
  },
  every(ms, action) {
    let busy = false;
    const tick = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        await action();
      } finally {
        busy = false;
      }
    };
    const timer = setInterval(() => void tick(), ms).unref();
    return { stop: () => clearInterval(timer) };
  },
  async sleep(ms, signal) {
    await wait(Math.min(ms, MAX_DELAY_MS), undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};

/** Milliseconds since 1970 as ISO 8601 in UTC, or null. */
export function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}
