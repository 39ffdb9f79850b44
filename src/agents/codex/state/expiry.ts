import { isoTime } from '../../../base/clock.ts';
import { FlowError } from '../../../base/errors.ts';
import type { Lifetime } from '../../agent.ts';
import { type CodexAuth, jwtExpiry } from './auth.ts';

/**
 * Why the login in `dir` does not last: `codex_login_expired`, `codex_login_expires`, or undefined when it does. A
 * container cannot refresh it. An API key does not end, and an access token without an expiry is trusted.
 */
export function expiryError(dir: string, auth: CodexAuth, times: Lifetime): FlowError | undefined {
  const end = 'accessToken' in auth ? jwtExpiry(auth.accessToken) : null;
  if (end === null || end > times.untilMs) return undefined;
  return end <= times.nowMs ? loginExpired(dir, end) : loginExpires(dir, end, times.untilMs);
}

/** A login that is not renewed is reported this long before its expiry: longer than most runs take. */
const SOON_MS = 30 * 60_000;

/**
 * The error of a login that expires soon or has expired, for a look at it without a run; undefined for one
 * that the service renews by itself.
 */
export function endingError(dir: string, auth: CodexAuth, nowMs: number): FlowError | undefined {
  if (isRenewable(auth)) return undefined;
  const issue = expiryError(dir, auth, { nowMs, untilMs: nowMs + SOON_MS });
  const end = 'accessToken' in auth ? jwtExpiry(auth.accessToken) : null;
  return issue && end !== null && end > nowMs ? loginEnds(dir, end) : issue;
}

/** Whether the service can renew it: a login with a ChatGPT account that has its refresh token. */
export function isRenewable(auth: CodexAuth): boolean {
  return auth.mode === 'chatgpt' && auth.refreshToken !== '';
}

function loginEnds(dir: string, end: number): FlowError {
  return new FlowError({
    code: 'codex_login_expires',
    blame: 'operator',
    message: `The access token of the Codex login in ${dir} runs out at ${isoTime(end)}, and there is no refresh token to renew it with.`,
    hint: 'Log in again with `github-flows codex login`.',
  });
}

function loginExpired(dir: string, end: number): FlowError {
  return new FlowError({
    code: 'codex_login_expired',
    blame: 'operator',
    message: `The access token of the Codex login in ${dir} ran out at ${isoTime(end)}.`,
    hint: 'Log in again with `github-flows codex login`.',
  });
}

function loginExpires(dir: string, end: number, untilMs: number): FlowError {
  return new FlowError({
    code: 'codex_login_expires',
    blame: 'operator',
    message: `The access token of the Codex login in ${dir} runs out at ${isoTime(end)}, before the deadline of the run at ${isoTime(untilMs)}.`,
    hint: 'Log in again with `github-flows codex login`, or give the profile a shorter `timeoutSec`.',
  });
}
