import type { EventRepository } from '../../events/event.ts';
import type { GitHubClient } from '../../github/client.ts';
import {
  currentLogin,
  type EventAccount,
  fetchPermission,
  isCollaborator,
  isTeamMember,
} from '../../github/permission.ts';
import { fetchPullRequest } from '../../github/pull-requests.ts';
import { type CommentKind, isCommentThere, readThread, type Thread } from '../../github/threads.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { ClientFor } from './github-credential.ts';
import type { Origin } from './origin.ts';

/** What GitHub is asked about who may start a run, with the run's own credential; each throws when there is no answer. */
export type Lookups = {
  /** The permission of an account on `owner/name`; with its id nobody who took over the login has it. */
  permission(profile: Profile, repository: string, login: string, id?: number): Promise<string>;
  /** Whether an account belongs to `owner/name`, which on a public repository its permission to read does not say. */
  isCollaborator(profile: Profile, repository: string, login: string, id?: number): Promise<boolean>;
  /** Whether an account is an active member of `org/slug`. */
  isMember(profile: Profile, repository: string, team: string, account: EventAccount): Promise<boolean>;
  /** The login that an account has by now; undefined when GitHub does not show it. */
  loginOf(profile: Profile, repository: string, id: number): Promise<string | undefined>;
  /** Whether a pull request comes from another repository; one whose head is gone does. */
  isFork(profile: Profile, repository: string, number: number): Promise<boolean>;
  /** Whether a branch of the repository holds a commit, which the repository itself is asked, and not GitHub's API. */
  isOwnCommit(profile: Profile, repository: EventRepository, commit: string): Promise<boolean>;
  /** Where the head of a pull request is now; undefined when there is none. */
  pullHead(profile: Profile, repository: EventRepository, number: number): Promise<string | undefined>;
  /** How an issue or pull request stands now. */
  thread(profile: Profile, repository: string, thread: { number: number; isPull: boolean }): Promise<Thread>;
  /** Whether a comment is still there. */
  isCommentThere(
    profile: Profile,
    repository: string,
    comment: { kind: CommentKind; id: number },
  ): Promise<boolean>;
};

/** The lookups over clients, and over a git, that carry the run's own credential. */
export function createLookups(clientFor: ClientFor, origin: Origin): Lookups {
  const client = (profile: Profile, repository: string): GitHubClient =>
    clientFor(profile, repository, 'lookup');
  return {
    async permission(profile, repository, login, id) {
      const [owner = '', repo = ''] = repository.split('/');
      return await fetchPermission(client(profile, repository), { owner, repo, login, id });
    },
    async isCollaborator(profile, repository, login, id) {
      const [owner = '', repo = ''] = repository.split('/');
      return await isCollaborator(client(profile, repository), { owner, repo, login, id });
    },
    async isMember(profile, repository, team, account) {
      return await isTeamMember(client(profile, repository), { team, ...account });
    },
    async loginOf(profile, repository, id) {
      return await currentLogin(client(profile, repository), id);
    },
    async isFork(profile, repository, number) {
      const [owner = '', repo = ''] = repository.split('/');
      const pull = await fetchPullRequest(client(profile, repository), { owner, repo, number });
      return pull.headRepository?.toLowerCase() !== repository.toLowerCase();
    },
    isOwnCommit: async (...question) => await origin.isOwn(...question),
    pullHead: async (...question) => await origin.pullHead(...question),
    async thread(profile, repository, thread) {
      const [owner = '', repo = ''] = repository.split('/');
      return await readThread(client(profile, repository), { owner, repo, ...thread });
    },
    async isCommentThere(profile, repository, comment) {
      const [owner = '', repo = ''] = repository.split('/');
      return await isCommentThere(client(profile, repository), { owner, repo, ...comment });
    },
  };
}
