import { FlowError } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import { mainMirror } from '../../workspaces/mirrors/apart.ts';
import { isOtherMerge } from '../../workspaces/mirrors/branches.ts';
import type { Fetched, Mirrors } from '../../workspaces/mirrors/mirror.ts';
import type { Repository } from '../../workspaces/remote.ts';
import { followsDefault, pullRequestBase, wantedCommit } from '../admission/checkout-rule.ts';

/** What a clone is made from: the commit, the default branch of now where it matters, and where agent configuration comes from. */
export type CloneSource = Fetched & {
  home: string | undefined;
  /** Where head and base can both be read. */
  both: string;
  base: { sha: string | undefined; branch: string } | undefined;
};

/**
 * Fetches what a run works on. Throws what fetching throws, and `checkout_head_moved` for the merge of another head
 * than the one that the run was admitted for.
 */
export async function fetchSource(
  mirrors: Mirrors,
  { profile, event, repository }: { profile: Profile; event: FlowEvent; repository: Repository },
  signal: AbortSignal,
): Promise<CloneSource> {
  const { checkout } = profile;
  const wanted = wantedCommit(checkout, event);
  const base = pullRequestBase(checkout, event);
  const needsHome =
    isPublished(profile) || followsDefault(checkout, event) || (base && base.sha === undefined);
  const [fetched, home] = await Promise.all([
    mirrors.fetch(repository, wanted, { signal }),
    needsHome ? mirrors.fetch(repository, {}, { signal }) : undefined,
  ]);
  const { mirror, commit } = fetched;
  const both = await mirrorOfBoth(mirrors, { repository, mirror, base: base?.sha }, signal);
  const pinned = event.pullRequest?.headSha;
  const isMerge = wanted.pullRequest?.kind === 'merge';
  if (isMerge && pinned && (await isOtherMerge({ mirror, commit, parent: pinned }, signal)))
    throw headMoved(event.pullRequest?.number ?? 0, pinned);
  const branch = home?.ref.replace(/^refs\/heads\//, '');
  return { ...fetched, both, home: branch, base: base && { sha: base.sha, branch: branch ?? 'HEAD' } };
}

/** A base that no branch has any more comes into the head's store, or into one that sees the head. */
async function mirrorOfBoth(
  mirrors: Mirrors,
  { repository, mirror, base }: { repository: Repository; mirror: string; base: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  if (base === undefined) return mirror;
  const fetched = await mirrors.fetch(repository, { sha: base }, { signal, beside: mirror });
  return mainMirror(mirror) === mirror ? fetched.mirror : mirror;
}

/** Whether commits of a run may become a branch of the repository. */
export function isPublished({ publish }: Profile): boolean {
  return publish !== undefined && publish.as !== 'patch';
}

/** GitHub makes the merge some seconds after a push, so that another attempt may find it. */
function headMoved(number: number, head: string): FlowError {
  return new FlowError({
    code: 'checkout_head_moved',
    blame: 'github',
    message: `What GitHub has as the merge of pull request #${number} is not that of ${head}, which the run was admitted for.`,
    hint: 'GitHub makes the merge some seconds after a push, and a retry waits for it. If the pull request was pushed to again, ask again.',
  });
}
