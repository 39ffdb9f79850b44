/** A comment in a discussion that the stand-in has. */
export type StoodDiscussionComment = { id: string; databaseId: number; body: string; author: string };

/** The discussions that there are, by their global ids, and what was reacted to. */
export type StoodDiscussions = {
  comments: Record<string, StoodDiscussionComment[]>;
  reactions: { subject: string; content: string }[];
};

type Variables = Record<string, unknown>;
type Found = { data: unknown } | { errors: { type: string; message: string; path: string[] }[] };
type Question = {
  variables: Record<string, RegExp>;
  answer(stood: StoodDiscussions, given: Variables): Found;
};

const ID = /^[\w+/=-]+$/;
const BODY = /^[\s\S]{1,65536}$/;

/**
 * The questions that GitHub's GraphQL API is asked, each exactly as it was held against GitHub's published schema
 * (https://docs.github.com/graphql/overview/public-schema), with its variables.
 */
const QUESTIONS: Readonly<Record<string, Question>> = {
  'mutation ($subject: ID!, $content: ReactionContent!) { addReaction(input: { subjectId: $subject, content: $content }) { reaction { content } } }':
    {
      variables: { subject: ID, content: /^(?:EYES|THUMBS_UP|CONFUSED)$/ },
      answer(stood, { subject, content }) {
        if (!isKnown(stood, subject)) return missing('addReaction', subject);
        stood.reactions.push({ subject: String(subject), content: String(content) });
        return { data: { addReaction: { reaction: { content } } } };
      },
    },
  'mutation ($discussion: ID!, $body: String!) { addDiscussionComment(input: { discussionId: $discussion, body: $body }) { comment { id databaseId } } }':
    {
      variables: { discussion: ID, body: BODY },
      answer(stood, { discussion, body }) {
        const comments = stood.comments[String(discussion)];
        if (!comments) return missing('addDiscussionComment', discussion);
        const databaseId = 7_000 + comments.length;
        comments.push({ id: `DC_${databaseId}`, databaseId, body: String(body), author: 'the-robot' });
        return { data: { addDiscussionComment: { comment: { id: `DC_${databaseId}`, databaseId } } } };
      },
    },
  'mutation ($comment: ID!, $body: String!) { updateDiscussionComment(input: { commentId: $comment, body: $body }) { comment { id databaseId } } }':
    {
      variables: { comment: ID, body: BODY },
      answer(stood, { comment: id, body }) {
        const found = allOf(stood).find((comment) => comment.id === id);
        if (!found) return missing('updateDiscussionComment', id);
        found.body = String(body);
        return { data: { updateDiscussionComment: { comment: { id, databaseId: found.databaseId } } } };
      },
    },
  'query ($discussion: ID!, $last: Int!) { node(id: $discussion) { ... on Discussion { comments(last: $last) { nodes { id databaseId body author { login } viewerDidAuthor } } } } }':
    {
      variables: { discussion: ID, last: /^100$/ },
      answer(stood, { discussion }) {
        const comments = stood.comments[String(discussion)];
        if (!comments) return missing('node', discussion);
        const nodes = comments.map(({ author: login, ...comment }) => ({
          ...comment,
          author: { login },
          viewerDidAuthor: login === 'the-robot',
        }));
        return { data: { node: { comments: { nodes } } } };
      },
    },
};

/** What is wrong with a request to `/graphql`; empty when it is one of those that are known. */
export function faultsOfQuestion({ method, body }: { method: string; body: unknown }): string[] {
  const { query, variables, ...others } = (body ?? {}) as { query?: unknown; variables?: Variables };
  const known = QUESTIONS[oneLine(query)];
  if (method !== 'POST' || !known) return [`/graphql was asked ${method} ${oneLine(query)}`];
  const names = [...new Set([...Object.keys(known.variables), ...Object.keys(variables ?? {})])];
  const wrong = names.filter((name) => !known.variables[name]?.test(String(variables?.[name] ?? '')));
  return [
    ...wrong.map((name) => `/graphql was given ${name} as ${JSON.stringify(variables?.[name])}`),
    ...Object.keys(others).map((name) => `/graphql was given ${name} beside its query`),
  ];
}

/** The stand-in's answer to a question. */
export function answerQuestion(stood: StoodDiscussions, body: unknown): { status: number; body: unknown } {
  const { query, variables } = (body ?? {}) as { query?: unknown; variables?: Variables };
  const known = QUESTIONS[oneLine(query)];
  return {
    status: 200,
    body: known?.answer(stood, variables ?? {}) ?? { errors: [{ message: 'Parse error' }] },
  };
}

function allOf({ comments }: StoodDiscussions): StoodDiscussionComment[] {
  return Object.values(comments).flat();
}

function isKnown(stood: StoodDiscussions, id: unknown): boolean {
  return Object.hasOwn(stood.comments, String(id)) || allOf(stood).some((comment) => comment.id === id);
}

function missing(path: string, id: unknown): Found {
  const message = `Could not resolve to a node with the global id of '${id}'`;
  return { errors: [{ type: 'NOT_FOUND', path: [path], message }] };
}

function oneLine(query: unknown): string {
  return String(query).replaceAll(/\s+/g, ' ').trim();
}
