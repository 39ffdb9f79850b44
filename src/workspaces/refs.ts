import { commitRefused, refRefused, sha256Unsupported } from './errors.ts';

/** What git forbids in ref names, besides what `checkRef` says: https://git-scm.com/docs/git-check-ref-format */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|^[-./]|[./]$|^@$/u;

/** Longer names fit neither a file system nor a loose ref. */
const MAX_COMPONENT_BYTES = 240;
const MAX_BYTES = 1000;

/** Throws `ref_refused` unless git allows `ref` as a branch, tag or full ref, and cannot take it for an option. */
export function checkRef(ref: string): void {
  if (typeof ref !== 'string' || ref === '' || FORBIDDEN.test(ref) || !ref.isWellFormed())
    throw refRefused(ref);
  if (Buffer.byteLength(ref) > MAX_BYTES) throw refRefused(ref);
  if (ref.split('/').some((part) => Buffer.byteLength(part) > MAX_COMPONENT_BYTES)) throw refRefused(ref);
}

/** Whether `text` is a whole commit id. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Throws `commit_refused` unless `text` is a whole commit id, and `repository_sha256_unsupported` for one of SHA-256. */
export function checkCommit(text: string): void {
  if (typeof text === 'string' && /^[0-9a-f]{64}$/.test(text)) throw sha256Unsupported(`The commit ${text}`);
  if (typeof text !== 'string' || !isCommit(text)) throw commitRefused(text);
}
