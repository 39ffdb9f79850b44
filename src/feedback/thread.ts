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
import type { Voice } from './voice.ts';

/** Where people read what is said: an issue, a pull request or a discussion. Throws what `GitHubClient` says. */
export type ReportThread = {
  react(content: 'eyes' | '+1' | 'confused'): Promise<void>;
  /** Gives GitHub's id of the new comment, and where it is. */
  create(body: string): Promise<Placed>;
  update(id: number, body: string): Promise<void>;
  /** Our own comment among the newest: one that `isSealed` takes, or that begins with `mark` and is known to be of our account. */
  find(mark: string, isSealed: (body: string) => boolean): Promise<Placed | undefined>;
  /** Where the thread is by now, when that is elsewhere. */
  moved(): Promise<ReportTarget | undefined>;
};

/** A comment that is there, and where GitHub led to it when that is elsewhere. */
export type Placed = { id: number; target?: ReportTarget };

/** The thread that a report goes to, in this voice. */
export function reportThread(voice: Voice, target: ReportTarget): ReportThread {
  const { discussion } = target;
  return discussion === undefined ? issueThread(voice, target) : discussionThread(voice, discussion);
}

function issueThread({ client, login }: Voice, target: ReportTarget): ReportThread {
  const { owner, repository: repo, subject, subjectId: id, number, moved } = target;
  const place = { owner, repo, moved };
  const isOurAccount = (author: string | undefined): boolean =>
    login !== undefined && author?.toLowerCase() === login.toLowerCase();
  const placed = ({ id: comment, moved: to }: Comment): Placed => ({
    id: comment,
    ...(to && { target: { ...target, moved: to } }),
  });
  return {
    async react(content) {
      if (subject !== 'commit') await addReaction(client, { owner, repo, subject, id, content });
    },
    create: async (body) => placed(await createComment(client, { ...place, number, body })),
    update: async (comment, body) => await updateComment(client, { ...place, id: comment, body }),
    async find(mark, isSealed) {
      const isOurs = ({ body, author }: { body: string; author: string | undefined }): boolean =>
        (login === undefined || isOurAccount(author)) &&
        (isSealed(body) || (isOurAccount(author) && body.trimStart().startsWith(mark)));
      const found = await findComment(client, { ...place, number, mark: stemOf(mark), isOurs });
      return found && placed(found);
    },
    async moved() {
      const to = await findMoved(client, { owner, repo, number });
      return to && { ...target, moved: to };
    },
  };
}

function discussionThread(
  { client }: Voice,
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
          said: 'it is not there',
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

/** A mark as far as it stands before its seal. */
function stemOf(mark: string): string {
  return mark.replace(/ -->$/, '');
}
