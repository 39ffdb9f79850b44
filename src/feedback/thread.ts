import type { GitHubClient } from '../github/client.ts';
import {
  changeInDiscussion,
  commentInDiscussion,
  discussionComments,
  reactInDiscussion,
} from '../github/discussions.ts';
import { notFound } from '../github/errors.ts';
import {
  addReaction,
  type Comment,
  createComment,
  findComment,
  findMoved,
  updateComment,
} from '../github/issues.ts';
import type { ReportTarget } from '../runs/outbox/report.ts';

/** The account that posts: a run's own credential, and the login that it is known by. */
export type PostingAccount = {
  client: GitHubClient;
  /** Undefined when GitHub gives none: for Apps, and while it does not answer. */
  login: string | undefined;
};

/** Where people read reports: an issue, a pull request or a discussion. Throws the codes of `GitHubClient`. */
type ReportThread = {
  react(content: 'eyes' | '+1' | 'confused'): Promise<void>;
  /** Gives GitHub's id of the new comment, and where it is. */
  create(body: string): Promise<PostedComment>;
  update(id: number, body: string): Promise<void>;
  /** Our own comment among the newest: one that `isSealed` takes, or that begins with `mark` and is known to be of our account. */
  find(mark: string, isSealed: (body: string) => boolean): Promise<PostedComment | undefined>;
  /** Where the thread is by now, when that is elsewhere. */
  moved(): Promise<ReportTarget | undefined>;
};

/** A posted comment; `target` when GitHub redirected to another place. */
export type PostedComment = { id: number; target?: ReportTarget };

/** The thread that a report goes to, as this account sees it. */
export function reportThread(account: PostingAccount, target: ReportTarget): ReportThread {
  const { discussion } = target;
  return discussion === undefined ? issueThread(account, target) : discussionThread(account, discussion);
}

function issueThread({ client, login }: PostingAccount, target: ReportTarget): ReportThread {
  const { owner, repository: repo, subject, subjectId: id, number, moved } = target;
  const issue = { owner, repo, moved };
  const isOurAccount = (author: string | undefined): boolean =>
    login !== undefined && author?.toLowerCase() === login.toLowerCase();
  const posted = ({ id: comment, moved: to }: Comment): PostedComment => ({
    id: comment,
    ...(to && { target: { ...target, moved: to } }),
  });
  return {
    async react(content) {
      if (subject !== 'commit') await addReaction(client, { owner, repo, subject, id, content });
    },
    create: async (body) => posted(await createComment(client, { ...issue, number, body })),
    update: async (comment, body) => await updateComment(client, { ...issue, id: comment, body }),
    async find(mark, isSealed) {
      const isOurs = ({ body, author }: { body: string; author: string | undefined }): boolean =>
        (login === undefined || isOurAccount(author)) &&
        (isSealed(body) || (isOurAccount(author) && body.trimStart().startsWith(mark)));
      const found = await findComment(client, { ...issue, number, mark: stemOf(mark), isOurs });
      return found && posted(found);
    },
    async moved() {
      const to = await findMoved(client, { owner, repo, number });
      return to && { ...target, moved: to };
    },
  };
}

function discussionThread(
  { client }: PostingAccount,
  { id: discussion, subject }: NonNullable<ReportTarget['discussion']>,
): ReportThread {
  return {
    react: async (content) => await reactInDiscussion(client, { subject, content }),
    create: async (body) => ({ id: (await commentInDiscussion(client, { discussion, body })).id }),
    async update(id, body) {
      const found = (await discussionComments(client, discussion)).find((comment) => comment.id === id);
      if (!found)
        throw notFound('a comment in a discussion', {
          status: 200,
          answer: 'it is not there',
          cause: undefined,
        });
      await changeInDiscussion(client, { comment: found.node, body });
    },
    async find(mark, isSealed) {
      const own = await discussionComments(client, discussion);
      const found = own.find(({ body }) => isSealed(body) || body.trimStart().startsWith(mark));
      return found && { id: found.id };
    },
    moved: async () => undefined,
  };
}

/** A mark up to where its seal begins. */
function stemOf(mark: string): string {
  return mark.replace(/ -->$/, '');
}
