import { openFence } from '../text/markdown.ts';
import { neutral } from './neutral.ts';

/** GitHub takes 65,536 characters in a comment and in the summary of a check; more is refused. */
const COMMENT_LIMIT = 65_000;

/** Controls, characters that change the direction of writing, and invisible tags. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/**
 * The first step for every text of others that goes to GitHub: masks it, makes every line end `\n`, drops controls.
 * The order is: this, `shorten`, `quote` where it is quoted, the template, `fitInto`; and nothing after `fitInto`, because every
 * change may make harmless text do something again.
 */
export function prepareText(text: string, mask: (text: string) => string): string {
  const lines = mask(text)
    .replaceAll(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .toWellFormed();
  return mask(lines.replaceAll(UNSEEN, (each) => (each === '\n' || each === '\t' ? each : '')));
}

/**
 * The first `limit` characters, never half of one or of a reference to one, with code closed that is open there, and a
 * mark when something is missing. The fences are those of the neutral text, because HTML may have hidden one.
 */
export function shorten(text: string, limit: number): string {
  const kept = beginning(text, limit);
  const fence = openFence(kept.includes('<') ? neutral(kept) : kept);
  const closed = fence === undefined ? kept : `${kept.replace(/\n$/, '')}\n${fence}`;
  return kept.length === text.length
    ? closed
    : `${closed}\n\n[cut: ${text.length - kept.length} more characters]`;
}

/** The last step: makes a text neutral and no longer than `limit`. */
export function fitInto(text: string, limit: number, options: { keepClosing?: boolean } = {}): string {
  const trimmed = text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();
  for (let size = limit; ; ) {
    const shown = neutral(shorten(trimmed, size), options);
    if (shown.length <= limit || size < 100) return shown;
    size = Math.floor(size * Math.min(0.95, limit / shown.length));
  }
}

/** A text as it may go to GitHub: masked, neutral, no longer than GitHub takes; behind `mark` when there is one. */
export function finalText(text: string, mask: (text: string) => string, mark?: string): string {
  const body = fitInto(prepareText(text, mask), COMMENT_LIMIT);
  return mark === undefined ? body : `${mark}\n${body}`;
}

/** The first `limit` characters, never half of one, with `mark` behind them when something is missing. */
export function cut(text: string, limit: number, mark: (missing: number) => string): string {
  const kept = beginning(text, limit);
  return kept.length === text.length ? text : `${kept}${mark(text.length - kept.length)}`;
}

function beginning(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const code = text.charCodeAt(limit - 1);
  const kept = text.slice(0, code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit);
  return kept.replace(/&#?[a-z0-9]{0,31}$/i, '');
}
