/** Characters without a picture of their own: controls, bidi marks, zero-width ones, separators of lines and paragraphs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** At most `most` characters, with an ellipsis when something is missing; never half a surrogate pair. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A value as a message shows it: as JSON, on one line, with nothing invisible in it, and cut when it is long. */
export function quoted(value: unknown, most = 200): string {
  if (typeof value !== 'string') return cutText(JSON.stringify(value) ?? 'nothing', most);
  return JSON.stringify(cutText(value, most)).replace(UNSEEN, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** `text` as one word of a POSIX shell; words that need no quotes get none, so that commands shown to people stay plain. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_/.:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const DURATION = new Intl.DurationFormat('en', { style: 'short' });

/** A length of time for people, to the second, from an hour on to the minute: `2 min, 5 sec`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds === 0) return '0 sec';
  const minutes = Math.floor(seconds / 60);
  return DURATION.format(
    minutes < 60
      ? { minutes, seconds: seconds % 60 }
      : { hours: Math.floor(minutes / 60), minutes: minutes % 60 },
  );
}

/** Controls but line end and tab, and whatever takes no room: bidi, zero-width, fillers, tags, variation selectors. */
const IGNORABLE = /[\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

/** A text without control, bidi and zero-width characters, with `\n` for every line end and U+FFFD for a lone surrogate. */
export function visible(text: string): string {
  const lines = text.replace(/\r\n?|[\u2028\u2029]/g, '\n').toWellFormed();
  return lines.replace(IGNORABLE, (character) => (character === '\n' || character === '\t' ? character : ''));
}
