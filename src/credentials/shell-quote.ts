/** `text` as one word of a POSIX shell; words that need no quotes get none, so that commands shown to people stay plain. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_/.:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
