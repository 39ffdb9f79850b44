import { FlowError } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import { targetGone } from '../../publish/push/destination.ts';
import { type Branches, isQueueBranch } from '../../workspaces/mirrors/branches.ts';
import { followsDefault } from '../admission/checkout-rule.ts';

/** The branch that a pull request of a run is to be merged into; null where it is that of the event's own pull request, which GitHub is asked for. */
export type MergeTarget = { into: string | null; isDefault: boolean };

/** Events that name a branch of the repository itself, whatever commits it has by now. */
const OF_A_BRANCH: readonly string[] = ['push', 'merge_group'];

/** What a repository has: its branches, which is the default one, and which hold a commit. */
type KnownBranches = {
  branches: Branches;
  home: string;
  holdersOf(commit: string): Promise<string[]>;
};

/**
 * Looks the target of a run up among the branches that the repository has now; `home` is its default branch. Throws
 * `publish_target_gone` for a name that is none of them, or one of a merge queue.
 */
export async function findTarget(
  { checkout }: Pick<Profile, 'checkout'>,
  event: FlowEvent,
  { branches, home, holdersOf }: KnownBranches,
): Promise<MergeTarget> {
  const isThere = (name: string): boolean => branches.has(name) && !isQueueBranch(name);
  const byDefault = { into: home, isDefault: true };
  if (followsDefault(checkout, event)) return byDefault;
  if (checkout.from === 'ref') {
    const name = checkout.ref?.replace(/^refs\/heads\//, '') ?? home;
    if (!isThere(name)) throw new FlowError({ ...targetGone(name), blame: 'profile' });
    return { into: name, isDefault: false };
  }
  if (checkout.from !== 'event-commit') return { into: null, isDefault: false };
  const holders = await holdersOf(event.commit ?? '');
  const named = event.attributes.branch;
  const isNamed = typeof named === 'string' && isThere(named);
  if (isNamed && (OF_A_BRANCH.includes(event.name) || holders.includes(named)))
    return { into: named, isDefault: named === home };
  const [only] = holders;
  if (only === undefined || holders.length > 1 || holders.includes(home)) return byDefault;
  return { into: only, isDefault: only === home };
}
