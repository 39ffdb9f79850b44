import { attemptUnknown } from '../runs/errors.ts';
import type { Run } from '../runs/run.ts';

/** The maximum length of a reason, also in the form. */
const MAX_REASON = 500;

/** Our own pages, to which a login may redirect. */
const OWN_PAGE = /^\/runs(\/[0-9a-z]{1,40}(\?attempt=\d{1,6})?)?$/;

/** The page after the login: the requested one if it is ours, else the list of runs. */
export function nextPage(asked: unknown): string {
  return typeof asked === 'string' && OWN_PAGE.test(asked) ? asked : '/runs';
}

/** A field of a form as text; empty when it is missing or repeated. */
export function field(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return '';
  const value = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/** The reason in a form, by default the one of commands and the API. */
export function formReason(body: unknown): string {
  const reason = field(body, 'reason').replaceAll(/\s+/g, ' ').trim();
  return reason.slice(0, MAX_REASON).toWellFormed() || 'an operator asked for it';
}

/** The attempt in an address, by default the current one. Throws `attempt_unknown`. */
export function requestedAttempt(run: Run, asked: unknown): number {
  const last = Math.max(1, run.attempt);
  if (asked === undefined) return last;
  const attempt = typeof asked === 'string' && /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
  if (attempt < 1 || attempt > last) throw attemptUnknown(String(asked), run.attempt);
  return attempt;
}

/** The link on the page of an error: the run of its path, else the list. */
export function wayBack(path: string): { back: string; backText: string } {
  const [, id] = /^\/runs\/([0-9a-z]{1,40})\//.exec(path) ?? [];
  return id === undefined
    ? { back: '/runs', backText: 'To the list of runs' }
    : { back: `/runs/${id}`, backText: 'Back to the run' };
}
