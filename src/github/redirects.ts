import { FlowError } from '../base/errors.ts';

/** Statuses that say where else to ask. Fetch by itself would turn a POST into a GET on the first two: https://fetch.spec.whatwg.org/#http-redirect-fetch */
const REDIRECTS = new Set([301, 302, 307, 308]);

const MAX_REDIRECTS = 5;

/**
 * A fetch that follows redirects with the same method and body: repositories and issues that moved
 * answer so. The token goes to the requested host and to no other. Throws `github_redirect_refused`.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
export async function fetchFollowing(url: string | URL, init: RequestInit): Promise<Response> {
  let at = new URL(url);
  for (let followed = 0; ; followed += 1) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = URL.parse(location, at.href);
    if (!next || !isSameHost(at, next)) throw redirectRefused(`to another host (${next?.host ?? 'none'})`);
    if (followed >= MAX_REDIRECTS) throw redirectRefused(`more than ${MAX_REDIRECTS} times`);
    at = next;
  }
}

/** The same port too, but for the way from http to https. */
function isSameHost(from: URL, to: URL): boolean {
  if (to.username !== '' || to.password !== '') return false;
  return from.origin === to.origin || (from.protocol === 'http:' && to.href === secured(from, to));
}

function secured(from: URL, to: URL): string {
  return from.port === '' ? `https://${from.hostname}${to.pathname}${to.search}${to.hash}` : '';
}

/** Where in the API a request ended, without the API's own path; undefined when it was not sent elsewhere. */
export function redirectedPath(baseUrl: string, requested: string, answered: string): string | undefined {
  const [from, to, base] = [requested, answered, baseUrl].map((each) => URL.parse(each)?.pathname);
  if (to === undefined || from === to) return undefined;
  const prefix = (base ?? '').replace(/\/+$/, '');
  return to.startsWith(`${prefix}/`) ? to.slice(prefix.length) : to;
}

function redirectRefused(how: string): FlowError {
  return new FlowError({
    code: 'github_redirect_refused',
    blame: 'operator',
    message: `GitHub’s API sends requests on ${how}, where the token does not follow.`,
    hint: 'Check that GITHUB_API_URL is the address that the API itself answers at, and what a proxy before it does.',
  });
}
