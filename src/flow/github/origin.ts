import { FlowError } from '../../base/errors.ts';
import { formatDuration } from '../../base/text.ts';
import type { EventRepository } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import { readPullHead } from '../../workspaces/look.ts';
import { branchesWith } from '../../workspaces/mirrors/branches.ts';
import type { Remote, Repository } from '../../workspaces/remote.ts';
import type { CredentialSource } from './github-credential.ts';

/** What the repository itself is asked of the commits that events name, by git; each throws when there is no answer. */
export type Origin = {
  /** Whether a branch of the repository holds a commit, now or when it was fetched before; a commit that none holds is a fork's. */
  isOwn(profile: Profile, repository: EventRepository, commit: string): Promise<boolean>;
  /** Where the head of a pull request is now; undefined when there is none. */
  pullHead(profile: Profile, repository: EventRepository, number: number): Promise<string | undefined>;
};

/** The first fetch of a large repository takes minutes; what takes longer has no answer. */
const FETCH_MS = 5 * 60_000;
const LOOK_MS = 60_000;

/**
 * `refresh` fetches the branches of a repository into its mirror at `mirrorOf`. A commit that a branch had at the last
 * fetch costs no request.
 */
export function createOrigin(parts: {
  mirrorOf(repository: EventRepository): string;
  refresh(repository: Repository, signal: AbortSignal): Promise<unknown>;
  remoteOf(repository: Repository): Remote;
  credentialOf(profile: Profile): CredentialSource;
}): Origin {
  const withToken = (profile: Profile, repository: EventRepository): Repository => ({
    ...repository,
    ...parts.credentialOf(profile),
  });
  return {
    async isOwn(profile, repository, commit) {
      const mirror = parts.mirrorOf(repository);
      const signal = AbortSignal.timeout(FETCH_MS);
      if ((await branchesWith(mirror, commit, signal)).length > 0) return true;
      await parts.refresh(withToken(profile, repository), signal).catch((error: unknown) => {
        throw signal.aborted ? notFetched(`could not be fetched within ${formatDuration(FETCH_MS)}`) : error;
      });
      return (await branchesWith(mirror, commit, signal)).length > 0;
    },
    async pullHead(profile, repository, number) {
      const signal = AbortSignal.timeout(LOOK_MS);
      return await readPullHead(parts.remoteOf(withToken(profile, repository)), number, { cwd: '/', signal });
    },
  };
}

/** A repository that could not be asked about a commit; `what` completes a sentence about it. */
export function notFetched(what: string): FlowError {
  return new FlowError({
    code: 'origin_not_fetched',
    blame: 'operator',
    message: `The repository ${what}, so that nobody knows which of its branches hold the commit.`,
    hint: 'Deliver the event again when the service has fetched the repository for another run (`github-flows deliveries replay`).',
  });
}
