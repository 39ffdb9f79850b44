import { lstatSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { namesByMount, readMounts } from './host-view.ts';
import { isNamed, namePattern } from './path-pattern.ts';

/** Every Unix socket that this network namespace knows, one a line, its path last: unix(7). */
const SOCKETS = '/proc/net/unix';

/** `__SO_ACCEPTCON`: https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/net.h */
const LISTENS = 0x10000;

/** SOCK_DGRAM: no program listens on it, and every process that reaches it can send to it. */
const DATAGRAM = 2;

type OpenSocket = { path: string; isServing: boolean };

/** The paths of sockets that are open now, wherever they lie, and whose base name is one of `names`. */
export function engineSockets(names: readonly string[]): string[] {
  const patterns = names.map(namePattern);
  const found = openSockets().filter(({ path }) =>
    patterns.some((pattern) => isNamed(pattern, posix.basename(path))),
  );
  return [...new Set(found.map(({ path }) => path))];
}

/**
 * The paths of all sockets that a program listens on or takes datagrams from, as this process sees them: a path of
 * another view of the host is also looked for below each mount that shows a part of that. What is not there is left
 * out; what may not be looked at stays.
 */
export function servingSockets(): string[] {
  const paths = new Set(openSockets().flatMap(({ path, isServing }) => (isServing ? [path] : [])));
  const mounts = readMounts();
  return [...new Set([...paths].flatMap((path) => [path, ...namesByMount(path, mounts)]))].filter(
    mayBeSocket,
  );
}

function mayBeSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch (error) {
    return !['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
  }
}

function openSockets(): OpenSocket[] {
  try {
    return parseSockets(readFileSync(SOCKETS, 'utf8'));
  } catch {
    return [];
  }
}

/** The lines of /proc/net/unix that name a path: flags and type are the fourth and the fifth word, in hexadecimal. */
export function parseSockets(text: string): OpenSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, flags = '', type = '', path] =
      /^(?:\S+\s+){3}(\S+)\s+(\S+)\s+\S+\s+\S+\s+(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    const isListening = (Number.parseInt(flags, 16) & LISTENS) !== 0;
    return [{ path, isServing: isListening || Number.parseInt(type, 16) === DATAGRAM }];
  });
}
