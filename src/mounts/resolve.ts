import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { FlowError, systemCode } from '../base/errors.ts';
import { shown } from './text.ts';

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** Everything known about one path of the host after its links were followed one by one. */
export type Trail = {
  /** The path as written in normal form, then after each link that was followed; the real path is the last one. */
  spellings: readonly string[];
  real: string;
  /** `unreadable`: a directory on the way may not be searched by the service, so the rest is taken as written. */
  state: 'there' | 'missing' | 'unreadable';
  /** What is at the real path, undefined unless it is there. */
  stats: Stats | undefined;
  /** Every directory, link and file that was passed, in order, the root first. */
  passed: readonly { path: string; stats: Stats }[];
};

/**
 * Follows the links of an absolute path one by one, as the kernel does, also when what a link points at is not there:
 * the rest of the path is then appended as written. Throws `mount_link_loop`.
 */
export function followLinks(path: string): Trail {
  const spellings = [posix.resolve('/', path)];
  const passed = [{ path: '/', stats: lstatSync('/') }];
  let rest = namesOf(path);
  let current = '/';
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest;
    rest = after;
    const next = posix.join(current, name);
    if (name === '..') {
      current = next;
      continue;
    }
    const stats = look(next);
    if (typeof stats === 'string') return ended(stats, posix.resolve(next, ...rest), spellings, passed);
    passed.push({ path: next, stats });
    if (!stats.isSymbolicLink()) {
      current = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw linkLoop(path);
    const link = target(next);
    if (link === undefined) return ended('unreadable', posix.resolve(next, ...rest), spellings, passed);
    if (link.startsWith('/')) current = '/';
    rest = [...namesOf(link), ...rest];
    spellings.push(posix.resolve(current, ...rest));
  }
  return ended('there', current, spellings, passed);
}

function ended(
  state: Trail['state'],
  real: string,
  spellings: readonly string[],
  passed: Trail['passed'],
): Trail {
  const stats = state === 'there' ? passed.find(({ path }) => path === real)?.stats : undefined;
  return { state, real, stats, spellings: [...new Set([...spellings, real])], passed };
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** What a name is, without following it; a file where a directory should be counts as missing below it. */
function look(path: string): Stats | 'missing' | 'unreadable' {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return 'missing';
    return 'unreadable';
  }
}

/** What a link says, or undefined: some links of /proc may not be read by everybody. */
function target(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function linkLoop(path: string): FlowError {
  return new FlowError({
    code: 'mount_link_loop',
    blame: 'profile',
    message: `${shown(path)} never ends anywhere: its symbolic links go round in a circle, or more than ${MOST_LINKS} follow each other.`,
    mend: `See with namei -l where they lead, and mount the directory itself.`,
  });
}
