import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

/** Who made a commit, by its own claim. */
export type Person = { name: string; email: string };

/** A commit as it is stored: header lines and message, one character for each byte, so that nothing of it changes. */
export type CommitObject = { headers: readonly string[]; message: string };

/** Reads the text of a commit. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
export function parseCommit(raw: string): CommitObject {
  const end = raw.indexOf('\n\n');
  if (end === -1) return { headers: raw.replace(/\n$/, '').split('\n'), message: '' };
  return { headers: raw.slice(0, end).split('\n'), message: raw.slice(end + 2) };
}

/** The text that `parseCommit` read. */
export function formatCommit({ headers, message }: CommitObject): string {
  return `${headers.join('\n')}\n\n${message}`;
}

/** The id that git gives a commit of this text. */
export function commitId(raw: string): string {
  const bytes = Buffer.from(raw, 'latin1');
  return createHash('sha1').update(`commit ${bytes.length}\0`).update(bytes).digest('hex');
}

/** The author or committer; a line that cannot be read is somebody without a name. */
export function personOf({ headers }: CommitObject, role: 'author' | 'committer'): Person {
  const line = headers.find((each) => each.startsWith(`${role} `))?.slice(role.length + 1) ?? '';
  return parsePerson(fromBytes(line.replace(/>[^>]*$/, '>')));
}

/** Reads `Name <mail>`; a text without brackets that has an `@` is a mail, any other a name. */
export function parsePerson(text: string): Person {
  const open = text.lastIndexOf('<');
  const close = text.indexOf('>', open);
  if (open !== -1 && close !== -1)
    return { name: text.slice(0, open).trim(), email: text.slice(open + 1, close).trim() };
  const plain = text.trim();
  return plain.includes('@') ? { name: '', email: plain } : { name: plain, email: '' };
}

/** The character set that a commit declares; else UTF-8. */
export function encodingOf({ headers }: CommitObject): string {
  const line = headers.find((each) => each.startsWith('encoding '));
  return line === undefined ? 'UTF-8' : line.slice('encoding '.length).trim();
}

/** Bytes as text; what is not UTF-8 stays one character for each byte. */
export function fromBytes(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes;
}

/** Text as bytes, one character each; the way back of `fromBytes`. */
export function latin1Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
