import type { FlowError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { GitHubClient, GitHubRequest } from './client.ts';
import { answerUnreadable, githubRequestInvalid, notFound, rateLimited, requestRefused } from './errors.ts';

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

/** An error of GraphQL, in an answer whose status is 200: https://docs.github.com/graphql/guides/forming-calls-with-graphql */
type Issue = { type?: unknown; message?: unknown };

/**
 * Asks GitHub's GraphQL API, for what its REST API does not have: gives the `data` of the answer. Throws what
 * `GitHubClient` says; errors inside an answer become the codes that REST's would. `retries: 0` is for what must not be
 * done twice.
 */
async function askGraphQL(
  client: GitHubClient,
  what: string,
  question: { query: string; variables: Record<string, unknown>; retries?: 0 },
): Promise<Record<string, unknown>> {
  const { query, variables, retries } = question;
  return await client.ask(what, async (request) => {
    const options = { query, variables, ...(retries === undefined ? {} : { request: { retries } }) };
    const { data, headers } = await request(`POST ${addressOf(request)}`, options).catch((error: unknown) => {
      throw limitOf(what, error) ?? error;
    });
    const issues: Issue[] = Array.isArray(data?.errors) ? data.errors : [];
    if (issues[0]) throw gitHubError(what, issues[0], { headers, data });
    if (typeof data?.data !== 'object' || data.data === null) throw answerUnreadable(what);
    return data.data;
  });
}

/** GitHub Enterprise Server has it beside `/api/v3`: https://docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint */
function addressOf(request: GitHubRequest): string {
  const { baseUrl } = request.endpoint.DEFAULTS;
  return baseUrl.endsWith('/api/v3') ? baseUrl.replace(/\/v3$/, '/graphql') : '/graphql';
}

/** The throttling plugin throws on a limit by itself: https://github.com/octokit/plugin-throttling.js */
function limitOf(what: string, error: unknown): FlowError | undefined {
  const data = isObject(error) ? error.data : undefined;
  const issues = isObject(data) ? data.errors : undefined;
  const limit = Array.isArray(issues)
    ? (issues as Issue[]).find(({ type }) => type === 'RATE_LIMITED')
    : undefined;
  return limit && gitHubError(what, limit, (error as { response?: unknown }).response);
}

/** `answer` is the one that the error came in; its headers have the id by which GitHub's support finds the request. */
function gitHubError(what: string, { type, message }: Issue, answer: unknown): FlowError {
  const { headers } = (answer ?? {}) as { headers?: Record<string, unknown> };
  const id = headers?.['x-github-request-id'];
  const answered = [
    typeof message === 'string' ? `“${message.slice(0, 300)}”` : 'no reason given',
    ...(typeof type === 'string' ? [type] : []),
    ...(typeof id === 'string' ? [`request ${id.slice(0, 100)}`] : []),
  ].join(', ');
  const detail = { status: 200, answer: answered, cause: answer };
  if (type === 'RATE_LIMITED') return rateLimited(what, detail);
  if (type === 'NOT_FOUND') return notFound(what, detail);
  if (type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES') return requestRefused(what, detail);
  return githubRequestInvalid(what, detail);
}
