import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';

/** How many keys are kept; the one whose last request is oldest is removed first, as if it had sent none. */
const MAX_KEYS = 10_000;

/** What each key may still spend: `burst` at once, and one more every `regainMs`. A clock that was set back locks nobody out. */
export type RateLimit = {
  /** How long the key has to wait before it may spend; 0 when it may now. */
  waitMs(key: string): number;
  spend(key: string): void;
};

/** A limit that nobody has spent anything of. */
export function createRateLimit(options: { burst: number; regainMs: number; clock: Clock }): RateLimit {
  const { burst, regainMs, clock } = options;
  const found = new LRUCache<string, { left: number; at: number }>({ max: MAX_KEYS });
  const left = (key: string): number => {
    const known = found.get(key);
    if (!known) return burst;
    const now = clock.now();
    known.left = Math.min(burst, known.left + Math.max(0, now - known.at) / regainMs);
    known.at = now;
    return known.left;
  };
  return {
    waitMs: (key) => Math.max(0, Math.ceil((1 - left(key)) * regainMs)),
    spend: (key) => void found.set(key, { left: Math.max(0, left(key) - 1), at: clock.now() }),
  };
}
