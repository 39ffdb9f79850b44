import { FlowError } from '../base/errors.ts';
import type { Redactor } from '../log/redact.ts';
import { readGhToken } from './gh-token-file.ts';
import type { GitHubTokens } from './github-tokens.ts';

/** Tokens for an installation without any App: the token file serves, whatever permissions are asked for. Throws the codes of `readGhToken`, but for `token_file_missing`. */
export function createFileTokens({ redactor }: { redactor: Redactor }): GitHubTokens {
  const masked = new Set<string>();
  return {
    async token({ tokenFile }) {
      try {
        const value = await readGhToken(tokenFile);
        if (!masked.has(value.reveal())) redactor.add(value.reveal());
        masked.add(value.reveal());
        return { value, expiresAt: null, source: { kind: 'file', file: tokenFile } };
      } catch (error) {
        if (error instanceof FlowError && error.code === 'token_file_missing') return undefined;
        throw error;
      }
    },
    hasApp: async () => false,
  };
}
