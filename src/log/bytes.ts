/** The UTF-8 of a text, each byte as the character of its number. */
export function toBytes(text: string): string {
  return /^[\0-\u007f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
