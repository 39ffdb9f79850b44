import { asFlowError } from '../../base/errors.ts';
import type { GitHubClient } from '../../github/client.ts';
import { fetchBranch } from '../../github/pull-requests.ts';
import type { Profile } from '../../profiles/profile.ts';
import { refRenamed } from '../../workspaces/errors.ts';
import type { Purpose } from '../github/github-credential.ts';

/** Who GitHub is asked with. */
type Parts = { clientFor(profile: Profile, repository: string, purpose: Purpose): GitHubClient };

/**
 * The error of a fetch, with the name that the branch of `checkout.ref` has by now where that was renamed, as far as
 * GitHub knows: it redirects from the old name to the new one until a branch of the old name is made. Git does not.
 */
export async function nameRenamed(
  { clientFor }: Parts,
  { profile, repository }: { profile: Profile; repository: string },
  error: unknown,
): Promise<unknown> {
  const cause = asFlowError(error);
  const branch = profile.checkout.ref?.replace(/^refs\/heads\//, '');
  if (cause.code !== 'ref_not_found' || branch === undefined || branch.startsWith('refs/')) return error;
  const [owner = '', repo = ''] = repository.split('/');
  const client = clientFor(profile, repository, 'clone');
  const now = await fetchBranch(client, { owner, repo, branch }).catch(() => undefined);
  return now === undefined || now.name === branch ? error : refRenamed(cause, branch, now.name);
}
