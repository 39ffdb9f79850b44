import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { askGraphQL } from './graphql.ts';

/** A comment in a discussion; `node` is what GraphQL calls it. Only GraphQL knows discussions: https://docs.github.com/graphql/guides/using-the-graphql-api-for-discussions */
type DiscussionComment = { id: number; node: string };

const REACTIONS = { eyes: 'EYES', '+1': 'THUMBS_UP', confused: 'CONFUSED' } as const;

/** How many of a discussion's comments are looked through, the newest first. */
const SEARCHED = 100;

const REACT = `mutation ($subject: ID!, $content: ReactionContent!) {
  addReaction(input: { subjectId: $subject, content: $content }) { reaction { content } }
}`;

const COMMENT = `mutation ($discussion: ID!, $body: String!) {
  addDiscussionComment(input: { discussionId: $discussion, body: $body }) { comment { id databaseId } }
}`;

const CHANGE = `mutation ($comment: ID!, $body: String!) {
  updateDiscussionComment(input: { commentId: $comment, body: $body }) { comment { id databaseId } }
}`;

const COMMENTS = `query ($discussion: ID!, $last: Int!) {
  node(id: $discussion) {
    ... on Discussion { comments(last: $last) { nodes { id databaseId body author { login } viewerDidAuthor } } }
  }
}`;

/** Reacts to a discussion or a comment in one, by its global id. Doing it twice is doing it once. */
export async function reactInDiscussion(
  client: GitHubClient,
  { subject, content }: { subject: string; content: keyof typeof REACTIONS },
): Promise<void> {
  const variables = { subject, content: REACTIONS[content] };
  await askGraphQL(client, 'a reaction in a discussion', { query: REACT, variables });
}

/** Comments in a discussion. Never tried twice here: after a lost answer, look with `discussionComments` first. */
export async function commentInDiscussion(
  client: GitHubClient,
  variables: { discussion: string; body: string },
): Promise<DiscussionComment> {
  const what = 'a comment in a discussion';
  const data = await askGraphQL(client, what, { query: COMMENT, variables, retries: 0 });
  const comment = commentOf((data.addDiscussionComment as { comment?: unknown } | null)?.comment);
  if (!comment) throw answerUnreadable(what);
  return comment;
}

/** Replaces the text of a comment in a discussion. Doing it twice is doing it once. */
export async function changeInDiscussion(
  client: GitHubClient,
  variables: { comment: string; body: string },
): Promise<void> {
  await askGraphQL(client, 'a comment in a discussion', { query: CHANGE, variables });
}

/** The newest comments of a discussion that this client's account wrote, newest first. */
export async function discussionComments(
  client: GitHubClient,
  discussion: string,
): Promise<(DiscussionComment & { body: string })[]> {
  const what = 'the comments in a discussion';
  const data = await askGraphQL(client, what, { query: COMMENTS, variables: { discussion, last: SEARCHED } });
  const nodes = (data.node as { comments?: { nodes?: unknown } } | null)?.comments?.nodes;
  if (!Array.isArray(nodes)) throw answerUnreadable(what);
  return nodes.toReversed().flatMap((node: { body?: unknown; viewerDidAuthor?: unknown } | null) => {
    const comment = commentOf(node);
    const isOurs = typeof node?.body === 'string' && node.viewerDidAuthor === true;
    return comment && isOurs ? [{ ...comment, body: String(node.body) }] : [];
  });
}

function commentOf(value: unknown): DiscussionComment | undefined {
  const { id, databaseId } = (value ?? {}) as { id?: unknown; databaseId?: unknown };
  return typeof id === 'string' && Number.isSafeInteger(databaseId)
    ? { id: Number(databaseId), node: id }
    : undefined;
}
