import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readRef } from '../git/repository.ts';
import { APP_HANDLERS, noApps, refuseCredential, type StoodApps } from './apps.ts';
import { type DescribedGitHub, describeGitHub } from './described.ts';
import { answerQuestion, faultsOfQuestion, type StoodDiscussions } from './discussions.ts';
import { HOOK_HANDLERS, type StoodHooks } from './hooks.ts';
import { PULL_HANDLERS, type StoodPull } from './pulls.ts';
import { type StoodTalk, TALK_HANDLERS } from './threads.ts';

/** A request as it arrived; `path` is without the query. */
export type ApiRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  authorization: string | undefined;
  userAgent: string | undefined;
  ifNoneMatch: string | undefined;
};

/** What to answer instead of the truth: a status with headers, no answer ever, a cut connection (before the request was carried out, or `lost` after it), or a proxy's page. */
export type Misbehaviour =
  | { status: number; headers?: Record<string, string>; message?: string; errors?: unknown[] }
  | 'silence'
  | 'cut'
  | 'lost'
  | 'page'
  | { body: unknown };

/**
 * A stand-in for GitHub's REST API on loopback. What it is asked and what it answers is held against GitHub's own
 * OpenAPI description; `close` throws when anything did not fit.
 */
export type GitHubApi = {
  url: string;
  requests: ApiRequest[];
  /** Answers of the permission question by login; everybody else is unknown. */
  permissions: Map<string, { permission: string; role_name: string; id?: number }>;
  /** Who belongs to the repositories though their role is no more than to read; whoever has a higher role does. */
  collaborators: Set<string>;
  /** Who has which id by now; nobody else does. */
  users: Map<number, string>;
  /** Issues and pull requests that are closed or locked, and comments that were deleted; all others are as they were. */
  closed: Set<number>;
  locked: Set<number>;
  deletedComments: Set<number>;
  comments: { id: number; number: number; body: string; author?: string }[];
  reactions: { subject: string; id: number; content: string }[];
  /** Repositories that exist, as `owner/name`. */
  repositories: Set<string>;
  /** Headers of the answer about the token's owner, such as the token's end. */
  ownerHeaders: Record<string, string>;
  pulls: StoodPull[];
  /** What GitHub alone knows of branches: which are protected, and what renamed ones are called now. */
  branches: { protected: Set<string>; renamed: Map<string, string> };
  /** What the repositories' owners pay for. */
  plan: { hasDrafts: boolean };
  hooks: StoodHooks;
  apps: StoodApps;
  talk: StoodTalk;
  /** What GraphQL alone knows. */
  discussions: StoodDiscussions;
  /** Where the repositories lie as `<owner>/<name>.git`, for what is said of their branches; null until a test sets it. */
  git: { root: string | null };
  /** The next `times` requests get this instead. */
  misbehave(how: Misbehaviour, times?: number): void;
  /** The same for the next requests whose path fits, or whose `METHOD path` does. */
  misbehaveAt(path: RegExp, how: Misbehaviour, times?: number): void;
  close(): Promise<void>;
};

type Answer = { status: number; body: unknown; headers?: Record<string, string> };
type Handler = (state: State, request: ApiRequest, values: Record<string, string>) => Answer;
type Shown =
  | 'permissions'
  | 'collaborators'
  | 'users'
  | 'closed'
  | 'locked'
  | 'deletedComments'
  | 'comments'
  | 'reactions'
  | 'repositories'
  | 'ownerHeaders'
  | 'url'
  | 'pulls'
  | 'branches'
  | 'plan'
  | 'hooks'
  | 'apps'
  | 'talk'
  | 'discussions'
  | 'git';
type State = Pick<GitHubApi, Shown> & {
  description: DescribedGitHub;
  branchOf(repository: string, branch: string): string | undefined;
};

/** What the stand-in takes from the description is asked for once in a file. */
let described: Promise<DescribedGitHub> | undefined;

export async function startGitHubApi(): Promise<GitHubApi> {
  described ??= describeGitHub(Object.keys(HANDLERS).map((operation) => operation.split(' ')[1] ?? ''));
  const description = await described;
  const requests: ApiRequest[] = [];
  const issues: string[] = [];
  const planned: { how: Misbehaviour; times: number; path: RegExp }[] = [];
  const state: State = {
    description,
    url: '',
    permissions: new Map(),
    collaborators: new Set(),
    users: new Map(),
    closed: new Set(),
    locked: new Set(),
    deletedComments: new Set(),
    comments: [],
    reactions: [],
    repositories: new Set(),
    ownerHeaders: {},
    pulls: [],
    branches: { protected: new Set(), renamed: new Map() },
    plan: { hasDrafts: true },
    hooks: { hooks: [], deliveries: {}, attempts: [], pageSize: 100 },
    apps: noApps(),
    talk: { teams: {}, checks: [] },
    discussions: { comments: {}, reactions: [] },
    git: { root: null },
    branchOf: (repository, branch) =>
      state.git.root === null
        ? undefined
        : readRef(join(state.git.root, `${repository}.git`), `refs/heads/${branch}`),
  };
  const server = createServer((incoming, response) => {
    void serve(incoming, response).catch((error: unknown) => {
      issues.push(String(error));
      response.destroy();
    });
  });
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    const isGraphQL = request.path === '/graphql';
    const wrong = isGraphQL ? faultsOfQuestion(request) : await description.faultsOfRequest(request);
    issues.push(...wrong.map((issue) => `${request.method} ${request.path}: ${issue}`));
    const carryOut = (): Answer =>
      isGraphQL ? answerQuestion(state.discussions, request.body) : answerTo(state, request);
    const plan = planned.find(
      ({ path }) => path.test(request.path) || path.test(`${request.method} ${request.path}`),
    );
    if (plan) {
      plan.times -= 1;
      if (plan.times === 0) planned.splice(planned.indexOf(plan), 1);
      if (plan.how === 'lost') carryOut();
      return misbehave(plan.how, response);
    }
    const answer = carryOut();
    if (isGraphQL) return send(response, answer);
    const template = description.match(request.method, request.path)?.template ?? '';
    if (answer.status === 304 || answer.status === 204) return void response.writeHead(answer.status).end();
    const unfit = await description.faultsOfAnswer(template, request.method, answer.status, answer.body);
    issues.push(...unfit.map((issue) => `the stand-in’s own answer to ${request.path}: ${issue}`));
    send(response, answer);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...state,
    requests,
    misbehave: (how, times = 1) => void planned.push({ how, times, path: /^/ }),
    misbehaveAt: (path, how, times = 1) => void planned.push({ how, times, path }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (issues.length > 0) throw new Error(`GitHub’s description does not fit:\n${issues.join('\n')}`);
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const url = new URL(incoming.url ?? '', 'http://stand-in');
  const body = await text(incoming);
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    body: body === '' ? undefined : JSON.parse(body),
    authorization: incoming.headers.authorization,
    userAgent: incoming.headers['user-agent'],
    ifNoneMatch: incoming.headers['if-none-match'],
  };
}

function misbehave(how: Misbehaviour, response: ServerResponse): void {
  if (how === 'silence') return;
  if (how === 'cut' || how === 'lost') response.destroy();
  else if (how === 'page')
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
  else if ('body' in how) send(response, { status: 200, body: how.body });
  else
    send(response, {
      status: how.status,
      headers: how.headers ?? {},
      body: {
        message: how.message ?? `status ${how.status}`,
        ...(how.errors && { errors: how.errors }),
        documentation_url: 'https://docs.github.com/rest',
      },
    });
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'x-github-request-id': 'ABCD:1234:STANDIN',
      ...headers,
    })
    .end(JSON.stringify(body));
}

function answerTo(state: State, request: ApiRequest): Answer {
  const isConversion = request.path.startsWith('/app-manifests/');
  if (request.authorization === undefined && !isConversion) return refusal(401, 'Requires authentication');
  const refused = isConversion ? undefined : refuseCredential(state, request);
  if (refused) return refused;
  const found = state.description.match(request.method, request.path);
  const handler = found && HANDLERS[`${request.method} ${found.template}`];
  if (!found || !handler) return refusal(404, 'Not Found');
  const { owner, repo } = found.values;
  if (owner !== undefined && !state.repositories.has(`${owner}/${repo}`)) return refusal(404, 'Not Found');
  return handler(state, request, found.values);
}

function refusal(status: number, message: string): Answer {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  };
}

const REPOSITORY = '/repos/{owner}/{repo}';
const COMMENTS = `${REPOSITORY}/issues/{issue_number}/comments`;
const COMMENT = `${REPOSITORY}/issues/comments/{comment_id}`;

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...PULL_HANDLERS,
  ...HOOK_HANDLERS,
  ...APP_HANDLERS,
  ...TALK_HANDLERS,
  'GET /user': ({ description, ownerHeaders }) => ({
    status: 200,
    headers: ownerHeaders,
    body: { ...description.example('/user', 'get', 200), login: 'the-robot' },
  }),
  [`GET ${REPOSITORY}`]: ({ description }, _request, { owner = '', repo = '' }) => ({
    status: 200,
    body: {
      ...description.example(REPOSITORY, 'get', 200),
      name: repo,
      full_name: `${owner}/${repo}`,
      private: true,
      language: null,
      source: undefined,
      parent: undefined,
      permissions: { admin: false, push: true, pull: true },
    },
  }),
  [`GET ${REPOSITORY}/collaborators/{username}/permission`]: (state, request, { username = '' }) => {
    const known = state.permissions.get(username);
    if (!known) return refusal(404, 'Not Found');
    const template = `${REPOSITORY}/collaborators/{username}/permission`;
    const example = state.description.example(template, 'get', 200);
    const { id, ...levels } = known;
    const shown = { ...(example.user as object), login: username, role_name: known.role_name };
    const user = id === undefined ? null : { ...shown, id };
    const etag = `W/"${username}-${id === undefined ? '' : `${id}-`}${known.role_name}"`;
    if (request.ifNoneMatch === etag) return { status: 304, body: undefined };
    return { status: 200, headers: { etag }, body: { ...example, ...levels, user } };
  },
  [`GET ${REPOSITORY}/collaborators/{username}`]: ({ permissions, collaborators }, _request, values) => {
    const { username = '' } = values;
    const role = permissions.get(username)?.role_name ?? 'none';
    const belongs = collaborators.has(username) || !['none', 'read'].includes(role);
    return belongs ? { status: 204, body: undefined } : refusal(404, 'Not Found');
  },
  'GET /user/{account_id}': ({ description, users }, _request, { account_id }) => {
    const login = users.get(Number(account_id));
    if (login === undefined) return refusal(404, 'Not Found');
    const example = description.example('/user/{account_id}', 'get', 200);
    return { status: 200, body: { ...example, id: Number(account_id), login } };
  },
  [`GET ${REPOSITORY}/issues/{issue_number}`]: (state, _request, { issue_number }) => {
    const number = Number(issue_number);
    const pull = state.pulls.find((each) => each.number === number);
    const isClosed = state.closed.has(number) || pull?.state === 'closed';
    const example = state.description.example(`${REPOSITORY}/issues/{issue_number}`, 'patch', 200);
    const now = { number, state: isClosed ? 'closed' : 'open', locked: state.locked.has(number) };
    return { status: 200, body: { ...example, ...now } };
  },
  [`GET ${COMMENT}`]: (state, _request, { comment_id }) => {
    const id = Number(comment_id);
    const known = state.comments.find((comment) => comment.id === id);
    if (state.deletedComments.has(id)) return refusal(404, 'Not Found');
    return { status: 200, body: commentAnswer(state, known ?? { id, number: 1, body: 'x' }) };
  },
  [`GET ${REPOSITORY}/pulls/comments/{comment_id}`]: (state, _request, { comment_id }) => {
    const template = `${REPOSITORY}/pulls/comments/{comment_id}`;
    if (state.deletedComments.has(Number(comment_id))) return refusal(404, 'Not Found');
    const example = state.description.example(template, 'get', 200);
    return { status: 200, body: { ...example, id: Number(comment_id) } };
  },
  [`GET ${REPOSITORY}/comments/{comment_id}`]: (state, _request, { comment_id }) => {
    if (state.deletedComments.has(Number(comment_id))) return refusal(404, 'Not Found');
    const example = state.description.example(`${REPOSITORY}/comments/{comment_id}`, 'get', 200);
    return { status: 200, body: { ...example, id: Number(comment_id) } };
  },
  [`GET ${COMMENTS}`]: (state, { query, path }, { issue_number }) => {
    const all = state.comments.filter((comment) => comment.number === Number(issue_number));
    const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)];
    const last = Math.max(1, Math.ceil(all.length / size));
    const link = `<${state.url}${path}?per_page=${size}&page=${last}>; rel="last"`;
    return {
      status: 200,
      headers: page < last ? { link } : {},
      body: all.slice((page - 1) * size, page * size).map((comment) => commentAnswer(state, comment)),
    };
  },
  [`POST ${COMMENTS}`]: (state, { body }, { issue_number }) => {
    const comment = {
      id: 9_000 + state.comments.length,
      number: Number(issue_number),
      ...(body as { body: string }),
    };
    state.comments.push(comment);
    return { status: 201, body: commentAnswer(state, comment) };
  },
  [`PATCH ${COMMENT}`]: (state, { body }, { comment_id }) => {
    const comment = state.comments.find(({ id }) => id === Number(comment_id));
    if (!comment) return refusal(404, 'Not Found');
    comment.body = (body as { body: string }).body;
    return { status: 200, body: commentAnswer(state, comment) };
  },
  [`POST ${REPOSITORY}/issues/{issue_number}/reactions`]: (state, request, values) =>
    react(state, request, 'issue', Number(values.issue_number)),
  [`POST ${COMMENT}/reactions`]: (state, request, values) =>
    react(state, request, 'issue_comment', Number(values.comment_id)),
  [`POST ${REPOSITORY}/pulls/comments/{comment_id}/reactions`]: (state, request, values) =>
    react(state, request, 'pull_request_review_comment', Number(values.comment_id)),
};

function commentAnswer(state: State, comment: GitHubApi['comments'][number]): unknown {
  const html_url = `https://github.com/owner/repository/issues/${comment.number}#issuecomment-${comment.id}`;
  const example = state.description.example(COMMENTS, 'post', 201);
  const user = { ...(example.user as object), login: comment.author ?? 'the-robot' };
  return { ...example, id: comment.id, body: comment.body, html_url, user };
}

function react(state: State, { body }: ApiRequest, subject: string, id: number): Answer {
  const { content } = body as { content: string };
  const same = (each: GitHubApi['reactions'][number]): boolean =>
    each.subject === subject && each.id === id && each.content === content;
  const status = state.reactions.some(same) ? 200 : 201;
  if (status === 201) state.reactions.push({ subject, id, content });
  const template = `${REPOSITORY}/issues/{issue_number}/reactions`;
  return { status, body: { ...state.description.example(template, 'post', 201), content } };
}
