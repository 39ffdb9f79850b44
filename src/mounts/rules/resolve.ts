import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { FlowError, systemCode } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** Everything known about one path of the host after its links were followed one by one. */
export type ResolvedPath = {
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
 * the rest of the path is then appended as written, and a `..` in it goes up as if the missing names were directories.
 * Throws `mount_link_loop`.
 */
export function followLinks(path: string): ResolvedPath {
  const spellings = [posix.resolve('/', path)];
  const passed = [{ path: '/', stats: lstatSync('/') }];
  let state: ResolvedPath['state'] = 'there';
  let current = '/';
  let rest = namesOf(path);
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest;
    const next = posix.join(current, name);
    rest = after;
    if (name === '..') {
      current = next;
      continue;
    }
    const found = look(next);
    if (typeof found === 'string') {
      state = found;
      const end = posix.resolve(next, ...rest);
      if (!rest.includes('..')) return ended(state, end, spellings, passed);
      rest = namesOf(end);
      current = '/';
      continue;
    }
    passed.push({ path: next, stats: found.stats });
    if (found.link === undefined) {
      current = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw linkLoop(path);
    if (found.link.startsWith('/')) current = '/';
    rest = [...namesOf(found.link), ...rest];
    spellings.push(posix.resolve(current, ...rest));
  }
  return ended(state, current, spellings, passed);
}

function ended(
  state: ResolvedPath['state'],
  real: string,
  spellings: readonly string[],
  passed: ResolvedPath['passed'],
): ResolvedPath {
  const stats = state === 'there' ? passed.find(({ path }) => path === real)?.stats : undefined;
  return { state, real, stats, spellings: [...new Set([...spellings, real])], passed };
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** What a name is, and where it leads if it is a link; a file where a directory should be counts as missing below it. */
function look(path: string): { stats: Stats; link: string | undefined } | 'missing' | 'unreadable' {
  try {
    const stats = lstatSync(path);
    return { stats, link: stats.isSymbolicLink() ? readlinkSync(path) : undefined };
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
    return isMissing ? 'missing' : 'unreadable';
  }
}

function linkLoop(path: string): FlowError {
  return new FlowError({
    code: 'mount_link_loop',
    blame: 'profile',
    message: `${quoted(path)} never ends anywhere: its symbolic links go round in a circle, or more than ${MOST_LINKS} follow each other.`,
    hint: `See with namei -l where they lead, and mount the directory itself.`,
  });
}
