import {
  changeInDiscussion,
  commentInDiscussion,
  discussionComments,
  reactInDiscussion,
} from '../github/discussions.ts';
import { notFound } from '../github/errors.ts';
import { addReaction, createComment, findComment, updateComment } from '../github/issues.ts';
import type { ReportTarget } from '../runs/report.ts';
import type { Voice } from './voice.ts';

/** Where people read what is said: an issue, a pull request or a discussion. Throws what `GitHubClient` says. */
export type Thread = {
  react(content: 'eyes' | '+1' | 'confused'): Promise<void>;
  /** Gives GitHub's id of the new comment. */
  create(body: string): Promise<number>;
  update(id: number, body: string): Promise<void>;
  /** The id of our own comment that begins with `mark`, if there is one among the newest. */
  find(mark: string): Promise<number | undefined>;
};

/** The thread that a report goes to, in this voice. */
export function threadOf(voice: Voice, target: ReportTarget): Thread {
  const { discussion } = target;
  return discussion === undefined ? issueThread(voice, target) : discussionThread(voice, discussion);
}

function issueThread({ client, login }: Voice, target: ReportTarget): Thread {
  const { owner, repository: repo, subject, subjectId: id, number } = target;
  const isOwn = (author: string | undefined): boolean =>
    login === undefined || author?.toLowerCase() === login.toLowerCase();
  return {
    async react(content) {
      if (subject !== 'commit') await addReaction(client, { owner, repo, subject, id, content });
    },
    create: async (body) => (await createComment(client, { owner, repo, number, body })).id,
    update: async (comment, body) => await updateComment(client, { owner, repo, id: comment, body }),
    async find(mark) {
      const isOurs = ({ body, author }: { body: string; author: string | undefined }): boolean =>
        body.trimStart().startsWith(mark) && isOwn(author);
      return (await findComment(client, { owner, repo, number, mark, isOurs }))?.id;
    },
  };
}

function discussionThread(
  { client }: Voice,
  { id: discussion, subject }: NonNullable<ReportTarget['discussion']>,
): Thread {
  return {
    react: async (content) => await reactInDiscussion(client, { subject, content }),
    create: async (body) => (await commentInDiscussion(client, { discussion, body })).id,
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
    async find(mark) {
      const own = await discussionComments(client, discussion);
      return own.find(({ body }) => body.trimStart().startsWith(mark))?.id;
    },
  };
}
