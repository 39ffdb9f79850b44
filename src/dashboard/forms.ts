/** The longest reason that is kept; the field in the form is as long. */
const MAX_REASON = 500;

/** Our own pages: the only ones that a login leads on to. */
const OWN_PAGE = /^\/runs(\/[0-9a-z]{1,40}(\?attempt=\d{1,6})?)?$/;

/** Where to go after the login: the page that was asked for when it is one of ours, else the list of runs. */
export function nextPage(asked: unknown): string {
  return typeof asked === 'string' && OWN_PAGE.test(asked) ? asked : '/runs';
}

/** A field of a form as text; empty when it is missing, or there twice. */
export function field(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return '';
  const value = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/** The reason in a form, or the one that commands and the API give when nobody said any. */
export function reasonOf(body: unknown): string {
  const reason = field(body, 'reason').replaceAll(/\s+/g, ' ').trim();
  return reason.slice(0, MAX_REASON).toWellFormed() || 'an operator asked for it';
}
