import { createRedactor, type Redactor } from '../../../src/log/redact.ts';

/** A redactor that knows these values. */
export function knowing(...values: string[]): Redactor {
  const redactor = createRedactor();
  for (const value of values) redactor.add(value);
  return redactor;
}

/** What a stream gives for `text` cut into pieces of the given lengths, over and over. */
export function streamed(redactor: Redactor, text: string, lengths: readonly number[]): string {
  const stream = redactor.stream();
  let shown = '';
  let piece = 0;
  for (let at = 0; at < text.length; piece += 1) {
    const length = lengths[piece % lengths.length] ?? 1;
    shown += stream.push(text.slice(at, at + length));
    at += length;
  }
  return shown + stream.end();
}
