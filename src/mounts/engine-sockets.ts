import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { isNamed, namePattern } from './path-pattern.ts';

/** Every listening Unix socket that this network namespace knows, one a line, its path last: unix(7). */
const SOCKETS = '/proc/net/unix';

/** The paths of sockets that are open now, wherever they lie, and whose base name is one of `names`. */
export function engineSockets(names: readonly string[]): string[] {
  const patterns = names.map(namePattern);
  const found = openSockets().filter((path) =>
    patterns.some((pattern) => isNamed(pattern, posix.basename(path))),
  );
  return [...new Set(found)];
}

function openSockets(): string[] {
  try {
    return readFileSync(SOCKETS, 'utf8')
      .split('\n')
      .map((line) => /^(?:\S+\s+){7}(\/.*)$/.exec(line)?.[1])
      .filter((path) => path !== undefined);
  } catch {
    return [];
  }
}
