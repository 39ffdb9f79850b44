import type { Clock } from '../base/clock.ts';

/** Keys remembered at most; the one that asked longest ago is forgotten first, as if it had never asked. */
const MAX_KEYS = 10_000;

/**
 * Counts one request of a key: 0 when it may pass, else the seconds after which the next one may. Each key may send
 * `burst` at once, and regains one every `regainMs`. A clock that was set back locks nobody out.
 */
export function createRateLimit(options: {
  burst: number;
  regainMs: number;
  clock: Clock;
}): (key: string) => number {
  const { burst, regainMs, clock } = options;
  const found = new Map<string, { left: number; at: number }>();
  return (key) => {
    const now = clock.now();
    const { left, at } = found.get(key) ?? { left: burst, at: now };
    const regained = Math.min(burst, left + Math.max(0, now - at) / regainMs);
    const passes = regained >= 1;
    found.delete(key);
    found.set(key, { left: passes ? regained - 1 : regained, at: now });
    const [oldest] = found.keys();
    if (found.size > MAX_KEYS && oldest !== undefined) found.delete(oldest);
    return passes ? 0 : Math.max(1, Math.ceil(((1 - regained) * regainMs) / 1000));
  };
}
