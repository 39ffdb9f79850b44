import { randomBytes } from 'node:crypto';

/** Crockford's base 32 in lower case: no letter that reads like a digit, safe in paths and container names. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A random name of `length` characters, five bits each. */
export function randomId(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte & 31]).join('');
}

/** An id of 16 characters that sorts by time: 9 for milliseconds since 1970, 7 random ones. */
export function timeId(nowMs: number): string {
  let rest = nowMs;
  let time = '';
  for (let digit = 0; digit < 9; digit += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time + randomId(7);
}
