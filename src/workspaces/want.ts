import { refRefused } from './errors.ts';
import { checkCommit, checkRef, isCommit } from './refs.ts';

/**
 * Which commit a run works on. A `sha` is that commit, whatever the ref has become since; else it is what the pull
 * request's ref or `ref` (a branch, a tag, a full `refs/…`, or a commit) points at; else the default branch.
 */
export type Want = {
  ref?: string;
  sha?: string;
  pullRequest?: { number: number; kind: 'head' | 'merge' };
};

/** A want as git is asked for it. `names` are tried in this order; `commit` is the one commit that will do, if any. */
export type Target = { names: readonly string[]; commit: string | undefined; requests: readonly string[] };

/** A request that is no refspec: the mirror's HEAD shall name the default branch of now. */
export const FOLLOW_HEAD = 'HEAD';

/** Branches and tags are always fetched, so that the clone has what a plain clone has. */
export const ALWAYS: readonly string[] = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

/** Checks a want and puts it in git's words; throws `ref_refused` and `commit_refused`. */
export function targetOf(want: Want): Target {
  if (want.sha !== undefined) checkCommit(want.sha);
  const { names, extra } = namesOf(want);
  const byRef = want.ref !== undefined && isCommit(want.ref) ? want.ref : undefined;
  return { names, commit: want.sha ?? byRef, requests: [...ALWAYS, ...extra] };
}

/** Patterns rather than plain refs: a fetch in which one plain ref is missing fails for all who share it. */
function namesOf({ ref, pullRequest }: Want): { names: string[]; extra: string[] } {
  if (pullRequest !== undefined) {
    const { number, kind } = pullRequest;
    if (!Number.isSafeInteger(number) || number <= 0) throw refRefused(`refs/pull/${number}/${kind}`);
    const all = `refs/pull/${number}/*`;
    return { names: [`refs/pull/${number}/${kind}`], extra: [`+${all}:${all}`] };
  }
  if (ref === undefined) return { names: ['HEAD'], extra: [FOLLOW_HEAD] };
  checkRef(ref);
  if (isCommit(ref)) return { names: [], extra: [] };
  if (!ref.startsWith('refs/')) return { names: [`refs/heads/${ref}`, `refs/tags/${ref}`], extra: [] };
  if (/^refs\/(?:heads|tags)\//.test(ref)) return { names: [ref], extra: [] };
  return { names: [ref], extra: [`+${ref}*:${ref}*`] };
}
