import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refRefused } from '../errors.ts';
import { runGit } from '../git.ts';
import { checkCommit, checkRef, isCommit } from '../refs.ts';

/**
 * Which commit a run works on. A `sha` is that commit, whatever the ref has become since; else it is what the pull
 * request's ref or `ref` (a branch, a tag, a full `refs/…`, or a commit) points at; else the default branch.
 */
export type WantedCommit = {
  ref?: string;
  sha?: string;
  pullRequest?: { number: number; kind: 'head' | 'merge' };
};

/**
 * A wanted commit as git is asked for it. `names` are tried in this order; `commit` is the one commit that will do, if any.
 * `requests` are for the mirror; what may be on none of its branches and tags goes into the store `apart`.
 */
export type FetchTarget = {
  names: readonly string[];
  commit: string | undefined;
  requests: readonly string[];
  apart: { key: string; requests: readonly string[] } | undefined;
};

/** A request that is no refspec: sets the mirror’s HEAD to the default branch that the server has now. */
export const FOLLOW_HEAD = 'HEAD';

/** Branches and tags are always fetched, so that the clone has what a plain clone has. */
export const ALWAYS: readonly string[] = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

/** Translates a wanted commit into git’s refs and refspecs; throws `ref_refused`, `commit_refused` and `repository_sha256_unsupported`. */
export function fetchTarget(want: WantedCommit): FetchTarget {
  if (want.sha !== undefined) checkCommit(want.sha);
  const { names, extra = [], apart } = namesOf(want);
  const byRef = want.ref !== undefined && isCommit(want.ref) ? want.ref : undefined;
  const commit = want.sha ?? byRef;
  const alone = commit === undefined ? undefined : { key: `commit-${commit}`, requests: [] };
  return { names, commit, requests: [...ALWAYS, ...extra], apart: apart ?? alone };
}

type Names = { names: string[]; extra?: string[]; apart?: { key: string; requests: string[] } };

/** Patterns rather than plain refs: a fetch in which one plain ref is missing fails for all who share it. */
function namesOf({ ref, pullRequest }: WantedCommit): Names {
  if (pullRequest !== undefined) {
    const { number, kind } = pullRequest;
    if (!Number.isSafeInteger(number) || number <= 0) throw refRefused(`refs/pull/${number}/${kind}`);
    return { names: [`refs/pull/${number}/${kind}`], apart: pullStore(String(number)) };
  }
  if (ref === undefined) return { names: ['HEAD'], extra: [FOLLOW_HEAD] };
  checkRef(ref);
  if (isCommit(ref)) return { names: [] };
  if (!ref.startsWith('refs/')) return { names: [`refs/heads/${ref}`, `refs/tags/${ref}`] };
  if (/^refs\/(?:heads|tags)\//.test(ref)) return { names: [ref] };
  const [, number] = /^refs\/pull\/(\d{1,15})\//.exec(ref) ?? [];
  if (number !== undefined) return { names: [ref], apart: pullStore(number) };
  const key = `ref-${createHash('sha256').update(ref).digest('hex').slice(0, 32)}`;
  return { names: [ref], apart: { key, requests: [`+${ref}*:${ref}*`] } };
}

function pullStore(number: string): { key: string; requests: string[] } {
  const all = `refs/pull/${number}/*`;
  return { key: `pull-${number}`, requests: [`+${all}:${all}`] };
}

/** A commit of the mirror, and the full name of the ref it was asked by; the commit itself where there was none. */
export type ResolvedCommit = { commit: string; ref: string };

/** Looks a target up in the mirror; undefined when the mirror has no such commit, or cannot be read. */
export async function resolveTarget(
  mirror: string,
  target: Pick<FetchTarget, 'names' | 'commit'>,
): Promise<ResolvedCommit | undefined> {
  const names = target.commit === undefined ? target.names : [target.commit];
  const { exitCode, stdout } = await runGit(
    [`--git-dir=${mirror}`, 'cat-file', '--batch-check=%(objectname) %(objecttype)'],
    { input: names.map((name) => `${name}^{commit}\n`).join('') },
  );
  if (exitCode !== 0) return undefined;
  const lines = stdout.split('\n');
  for (const [index, name] of names.entries()) {
    const [, commit] = /^([0-9a-f]{40}) commit$/.exec(lines[index] ?? '') ?? [];
    if (commit === undefined) continue;
    const ref = target.commit === undefined ? name : (target.names[0] ?? commit);
    return { commit, ref: ref === 'HEAD' ? await readHead(mirror) : ref };
  }
  return undefined;
}

async function readHead(mirror: string): Promise<string> {
  const text = await readFile(join(mirror, 'HEAD'), 'utf8');
  return /^ref: (\S+)/.exec(text)?.[1] ?? text.trim();
}
