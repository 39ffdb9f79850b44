import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../base/clock.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `--since`: how long ago (`90m`, `6h`, `2d`), or a moment in ISO 8601; gives milliseconds since 1970. */
export function sinceOption(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? [];
  if (count !== undefined) return systemClock.now() - Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at) || at > systemClock.now())
    throw new InvalidArgumentError(
      'It takes a duration such as 90m, 6h or 2d, or a past time such as 2026-01-31T08:00Z.',
    );
  return at;
}
