import { hash } from 'node:crypto';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { LRUCache } from 'lru-cache';
import { type Patience, patiently } from '../base/backoff.ts';
import { unlessAborted } from '../base/cancel.ts';
import { randomId } from '../base/ids.ts';
import type { Logger } from '../log/logger.ts';
import { credentialMissing, gitHubUnreachable } from './errors.ts';
import { fetchFollowing } from './redirects.ts';
import { errorCode, gitHubError } from './request-error.ts';

/** Octokit's typed `request`, which carries the token. */
export type GitHubRequest = Octokit['request'];

/**
 * GitHub's REST API with one token.
 *
 * `ask` does one piece of work, named by `what` for messages ("the permission of …"), and gives what it gave. It
 * resolves or throws within about half a minute, retries included: `github_credential_missing`,
 * `github_unreachable`, `github_answer_unreadable`, `github_token_refused`, `github_refused`, `github_not_found`,
 * `github_invalid`, `github_rate_limited`, `github_redirect_refused`, and whatever reading the token throws. Callers that decide by the answer
 * take a throw for a no.
 */
export type GitHubClient = {
  ask<T>(what: string, work: (request: GitHubRequest) => Promise<T>): Promise<T>;
};

const REQUEST_TIMEOUT_MS = 10_000;
const DEADLINE_MS = 30_000;

/** A server error is tried twice more, after 1 and 4 s; https://github.com/octokit/plugin-retry.js */
const RETRIES = 2;

/** A limit is waited for once if it passes this soon; else the call fails with it. */
const LONGEST_LIMIT_SEC = 5;

type Work<T> = (request: GitHubRequest) => Promise<T>;

/** How a client signs each request itself, where one token would not do: an authentication strategy of Octokit's, and what it takes. https://github.com/octokit/core.js#authentication */
export type SignIn = {
  authStrategy: (options: never) => unknown;
  auth: Readonly<Record<string, unknown>>;
};

const ThrottledOctokit = Octokit.plugin(throttling, retry);

/**
 * `token` is called for each piece of work, so that a renewed one is used; undefined means there is none. When GitHub
 * refuses the token, one that is too `young` to be known everywhere is retried; else `token` is called once more with
 * the refused one, and another one is tried with the work from its beginning. With `signIn` each request is signed
 * instead. `onDate` is given the time that GitHub's answers have, in milliseconds since 1970.
 */
export function createGitHubClient(
  parts: { apiUrl: string; log: Logger; onDate?: (gitHubMs: number) => void } & (
    | { token: (refused?: string) => Promise<string | undefined>; young?: Patience<string> }
    | { signIn: SignIn }
  ),
): GitHubClient {
  const waitForLimit = (retryAfter: number, _options: unknown, _octokit: unknown, count: number): boolean =>
    count === 0 && retryAfter <= LONGEST_LIMIT_SEC;
  const octokit = new ThrottledOctokit({
    baseUrl: parts.apiUrl.replace(/\/+$/, ''),
    userAgent: 'github-flows',
    log: quietLog(parts.log),
    request: { fetch: fetchWithDate(parts.onDate) },
    retry: { retries: RETRIES, doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
    throttle: {
      id: randomId(8),
      // Minting tokens makes no content, so that GitHub's one write a second does not count for it.
      enabled: !('signIn' in parts),
      onRateLimit: waitForLimit,
      onSecondaryRateLimit: waitForLimit,
    },
    ...('signIn' in parts ? parts.signIn : {}),
  });
  makeConditional(octokit);
  const askWith = async <T>(
    token: string | null,
    { what, work, deadline }: { what: string; work: Work<T>; deadline: AbortSignal },
  ): Promise<T> => {
    const request = octokit.request.defaults({
      ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
      request: { signal: deadline },
    }) as GitHubRequest;
    try {
      return await unlessAborted(work(request), deadline);
    } catch (error) {
      if (error === deadline.reason) throw gitHubUnreachable(what, `not within ${DEADLINE_MS / 1000} s`);
      throw gitHubError(what, error);
    }
  };
  return {
    async ask(what, work) {
      const token = 'token' in parts ? await parts.token() : null;
      if (token === undefined) throw credentialMissing(what);
      const task = { what, work, deadline: AbortSignal.timeout(DEADLINE_MS) };
      const young = token !== null && 'token' in parts ? parts.young : undefined;
      try {
        return await patiently(young, { subject: token ?? '', signal: task.deadline, isTooYoung }, () =>
          askWith(token, task),
        );
      } catch (error) {
        if (errorCode(error) !== 'github_token_refused' || token === null || !('token' in parts)) throw error;
        const other = await parts.token(token);
        if (other === undefined || other === token) throw error;
        return await askWith(other, task);
      }
    },
  };
}

function isTooYoung(error: unknown): boolean {
  return errorCode(error) === 'github_token_refused';
}

/** One request, its answer's body included, ends after ten seconds. */
function fetchWithDate(
  onDate: ((gitHubMs: number) => void) | undefined,
): (url: string | URL, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const limits = [AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(init.signal ? [init.signal] : [])];
    const response = await fetchFollowing(url, { ...init, signal: AbortSignal.any(limits) });
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) onDate?.(date);
    return response;
  };
}

/** Octokit's own log lines are details; errors are thrown. */
function quietLog(log: Logger): Record<'debug' | 'info' | 'warn' | 'error', (message: string) => void> {
  const debug = (message: string): void => log.debug({ octokit: message }, 'octokit');
  return { debug: () => undefined, info: debug, warn: debug, error: debug };
}

/** Answers that are remembered with their tag, the least used given up first. */
const MAX_REMEMBERED = 100;

type Answer = { headers: { etag?: string | undefined }; data: unknown };

/**
 * Makes reads that say `request: { conditional: true }` conditional: GitHub is asked each time, and where nothing
 * changed it says so (304) without counting the request against the limit. An answer belongs to the token it was
 * given to. https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
function makeConditional(octokit: Octokit): void {
  const remembered = new LRUCache<string, Answer>({ max: MAX_REMEMBERED });
  octokit.hook.wrap('request', async (request, options) => {
    const { authorization } = options.headers as { authorization?: string };
    if (options.request?.conditional !== true || !authorization) return await request(options);
    const key = `${octokit.request.endpoint(options).url} ${hash('sha256', authorization)}`;
    const known = remembered.get(key);
    // The hooks below this one were given these very options, so that only a change of them gets through.
    if (known?.headers.etag) options.headers = { ...options.headers, 'if-none-match': known.headers.etag };
    try {
      const answer = await request(options);
      if (answer.headers.etag) remembered.set(key, answer);
      else remembered.delete(key);
      return answer;
    } catch (error) {
      if (known && isNotModified(error)) return known as Awaited<ReturnType<typeof request>>;
      throw error;
    }
  });
}

function isNotModified(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 304;
}
