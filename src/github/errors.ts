import { FlowError } from '../base/errors.ts';

/** There is no token, so no request is sent. */
export function credentialMissing(what: string): FlowError {
  return new FlowError({
    code: 'github_credential_missing',
    blame: 'operator',
    message: `The service has no token to request ${what} from GitHub.`,
    hint: 'Put a token into SECRETS_DIR/gh-token; `github-flows doctor` checks it.',
  });
}

/** No usable answer came: nothing listened, it took too long, or the server was at fault (5xx). */
export function gitHubUnreachable(what: string, detail: string, cause?: unknown): FlowError {
  return new FlowError({
    code: 'github_unreachable',
    blame: 'github',
    message: `GitHub gave no answer about ${what}: ${detail}.`,
    hint: 'Check the network, a proxy, GITHUB_API_URL and GitHub’s status page. Requests that can wait are retried.',
    cause,
  });
}

/** An answer that is not what GitHub documents: a proxy's page, most likely, or the wrong address. */
export function answerUnreadable(what: string, cause?: unknown): FlowError {
  return new FlowError({
    code: 'github_answer_unreadable',
    blame: 'operator',
    message: `The answer about ${what} is not one of GitHub’s.`,
    hint: 'Check that GITHUB_API_URL is GitHub’s API (https://api.github.com, or https://<host>/api/v3), and what a proxy makes of it.',
    cause,
  });
}

/** GitHub's answer for a message: `answer` has its own sentence and its request id. */
export type RefusalDetail = { status: number; answer: string; cause: unknown };

/** 401: the token is wrong, revoked or has run out. */
export function tokenRefused(what: string, { status, answer, cause }: RefusalDetail): FlowError {
  return new FlowError({
    code: 'github_token_refused',
    blame: 'operator',
    message: `GitHub does not take the token (${status}) for ${what}: ${answer}.`,
    hint: 'The token has run out, was revoked or is not whole: put a new one into the gh-token file; where a GitHub App serves, run `github-flows app test`.',
    cause,
  });
}

/** 403 and the like: the token is known and may not. */
export function requestRefused(what: string, { status, answer, cause }: RefusalDetail): FlowError {
  return new FlowError({
    code: 'github_refused',
    blame: 'operator',
    message: `GitHub refused ${what} (${status}): ${answer}.`,
    hint: 'Give the token this repository with read and write access to issues, pull requests and contents, and have the organisation approve it.',
    cause,
  });
}

/** 404: not there, or not for this token. 410: it was there and will not be again. */
export function notFound(what: string, { status, answer, cause }: RefusalDetail): FlowError {
  return new FlowError({
    code: 'github_not_found',
    blame: 'operator',
    message: `GitHub knows nothing of ${what} (${status}): ${answer}.`,
    hint:
      status === 410
        ? 'It is gone for good, so nothing is tried again: the issue was deleted, or the repository has its issues switched off.'
        : 'Check the name, and that the token was given this repository; a private one looks like none at all without that.',
    cause,
  });
}

/** 422 and other 4xx: understood and turned down. */
export function githubRequestInvalid(what: string, { status, answer, cause }: RefusalDetail): FlowError {
  return new FlowError({
    code: 'github_invalid',
    blame: 'service',
    message: `GitHub turned ${what} down (${status}): ${answer}.`,
    hint: 'The thread may be locked or gone; otherwise please report it with this message.',
    cause,
  });
}

/** Too many requests with this token, from whoever uses it. */
export function rateLimited(what: string, { status, answer, cause }: RefusalDetail): FlowError {
  return new FlowError({
    code: 'github_rate_limited',
    blame: 'github',
    message: `GitHub wants fewer requests (${status}) and did not answer about ${what}: ${answer}.`,
    hint: 'Wait for the limit to pass, and see what else uses this token.',
    cause,
  });
}

/** A name that could lead a request or a clone somewhere else. */
export function gitHubNameRefused(kind: string, value: string): FlowError {
  return new FlowError({
    code: 'name_refused',
    blame: 'sender',
    message: `${JSON.stringify(value)} cannot be a ${kind} of GitHub’s.`,
    hint: 'Look where the name comes from; GitHub never sends such a one.',
  });
}
