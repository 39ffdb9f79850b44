import { FlowError } from '../../base/errors.ts';
import type { Redactor } from '../../log/redact.ts';
import { readGhToken } from './gh-token-file.ts';

/** Gives the service's own token for GitHub's API; undefined when there is no token file. */
type TokenSource = { token(): Promise<string | undefined> };

/**
 * A source that reads the file at every call, so that a token put in its place is used at once and a file that was
 * opened to others is refused at once. Every value it ever gave stays masked for as long as the redactor lives.
 *
 * `token()` throws the codes of `readGhToken`, but for `token_file_missing`.
 */
export function createTokenSource(parts: { ghTokenFile: string; redactor: Redactor }): TokenSource {
  return {
    async token() {
      try {
        const value = (await readGhToken(parts.ghTokenFile)).reveal();
        parts.redactor.add(value);
        return value;
      } catch (error) {
        if (error instanceof FlowError && error.code === 'token_file_missing') return undefined;
        throw error;
      }
    },
  };
}
