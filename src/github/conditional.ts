import { hash } from 'node:crypto';
import type { Octokit } from '@octokit/rest';
import { LRUCache } from 'lru-cache';

/** Answers that are remembered with their tag, the least used given up first. */
const MAX_REMEMBERED = 100;

type Answer = { headers: { etag?: string | undefined }; data: unknown };

/**
 * Makes reads that say `request: { conditional: true }` conditional: GitHub is asked each time, and where nothing
 * changed it says so (304) without counting the request against the limit. An answer belongs to the token it was
 * given to. https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function makeConditional(octokit: Octokit): void {
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
