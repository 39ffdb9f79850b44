import { FlowError, systemCode } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import {
  answerUnreadable,
  gitHubUnreachable,
  githubRequestInvalid,
  notFound,
  type RefusalDetail,
  rateLimited,
  requestRefused,
  tokenRefused,
} from './errors.ts';
import { redirectedPath } from './redirects.ts';

/** What Octokit throws: `response` is absent when no answer came. https://github.com/octokit/request-error.js */
type RequestFailure = Error & {
  status: number;
  request: { url: string };
  response?: { url: string; headers: Readonly<Record<string, string | undefined>>; data: unknown };
};

/** The error of a request about `what`, by the status of GitHub’s answer. */
export function gitHubError(what: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  if (!isRequestFailure(error)) return answerUnreadable(what, error);
  if (error.cause instanceof FlowError) return error.cause;
  if (!error.response) return gitHubUnreachable(what, silence(error), error);
  const detail: RefusalDetail = { status: error.status, answer: sentence(error), cause: error };
  if (error.status >= 500) return gitHubUnreachable(what, `status ${error.status}, ${detail.answer}`, error);
  if (error.status === 401) return tokenRefused(what, detail);
  if (isRateLimit(error)) return rateLimited(what, detail);
  if (error.status === 403 || error.status === 451) return requestRefused(what, detail);
  if (error.status === 404 || error.status === 410) return notFound(what, detail);
  if (error.status >= 400) return githubRequestInvalid(what, detail);
  return answerUnreadable(what, error);
}

/** The code of an error, for callers that take one of them for an answer; undefined for what has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof FlowError ? error.code : undefined;
}

/** What a request gives, or undefined where GitHub answers that there is no such thing. */
export async function ifFound<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (errorCode(error) === 'github_not_found') return undefined;
    throw error;
  }
}

/** How long to wait, in milliseconds, when an error is about a limit; undefined where GitHub did not say. */
export function limitPassesInMs(error: FlowError, nowMs: number): number | undefined {
  const headers = isRequestFailure(error.cause) ? error.cause.response?.headers : undefined;
  const wait = Number(headers?.['retry-after'] ?? Number.NaN) * 1000;
  if (error.code !== 'github_rate_limited' || headers === undefined) return undefined;
  const isSpent = headers['x-ratelimit-remaining'] === '0';
  const reset = Number((isSpent && headers['x-ratelimit-reset']) || Number.NaN) * 1000 - nowMs;
  return [wait, reset].find((ms) => Number.isFinite(ms) && ms >= 0);
}

/** The status of the answer that an error is about; undefined when no answer came, or for another error. */
function answeredStatus({ cause }: FlowError): number | undefined {
  return isRequestFailure(cause) && cause.response ? cause.status : undefined;
}

/** 409 is about what the repository is doing at this moment. https://docs.github.com/rest/pulls/pulls */
const CONFLICT = 409;

/** Whether GitHub understood a request and said no to it for good. */
export function isTurnedDown(issue: FlowError): boolean {
  return issue.code === 'github_invalid' && answeredStatus(issue) !== CONFLICT;
}

/** Whether what a request was about is gone for good (410), or moved to where this token sees nothing: no later try finds it. */
export function isGoneForGood(error: FlowError): boolean {
  const { cause } = error;
  if (answeredStatus(error) === 410) return true;
  if (!['github_not_found', 'github_refused'].includes(error.code)) return false;
  return isRequestFailure(cause) && redirectOf(cause) !== undefined;
}

function redirectOf({ request, response }: RequestFailure): string | undefined {
  return response && redirectedPath('', request.url, response.url);
}

function isRequestFailure(error: unknown): error is RequestFailure {
  return (
    error instanceof Error && 'status' in error && typeof error.status === 'number' && 'request' in error
  );
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function isRateLimit({ status, response }: RequestFailure): boolean {
  const headers = response?.headers ?? {};
  const says = headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
  return status === 429 || (status === 403 && (says || isSecondary(response?.data)));
}

/** A secondary limit may come without any header that says so: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors */
function isSecondary(data: unknown): boolean {
  const { message, documentation_url: page } = (data ?? {}) as Record<string, unknown>;
  return /\bsecondary[ -]rate[ -]limit/i.test(`${message} ${page}`.slice(0, 1_000));
}

function silence(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'it took too long';
  return (
    systemCode(cause) ??
    systemCode((cause as Error | undefined)?.cause) ??
    (plain(error.message) || 'no reason given')
  );
}

/** How many of GitHub's reasons a message has. */
const REASONS = 5;

/** GitHub's own words, if it sent any, and the id by which its support finds the request. */
function sentence(failure: RequestFailure): string {
  const { response } = failure;
  const data = response?.data;
  const own = reasons(data).join('; ');
  const id = plain(response?.headers['x-github-request-id'] ?? '');
  const moved = redirectOf(failure);
  return `${own === '' ? 'no reason given' : `“${own}”`}${id === '' ? '' : `, request ${id}`}${moved === undefined ? '' : `, moved to ${plain(moved)}`}`;
}

/** The sentence, and what it leaves out: that of "Validation Failed" is in `errors`. https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed */
function reasons(data: unknown): string[] {
  if (!isObject(data)) return [];
  const errors = Array.isArray(data.errors) ? data.errors.slice(0, REASONS) : [];
  const said = [data.message, ...errors.map(reasonOf)].map((text) =>
    typeof text === 'string' ? plain(text) : '',
  );
  return [...new Set(said)].filter((text) => text !== '');
}

function reasonOf(error: unknown): unknown {
  if (!isObject(error)) return error;
  const { message, resource, field, code } = error;
  return message ?? [resource, field, code].filter((part) => typeof part === 'string').join(' ');
}

function plain(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
