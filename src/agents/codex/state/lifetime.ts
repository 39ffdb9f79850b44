import { Secret } from '../../../base/secret.ts';
import { openDirectory } from '../../../credentials/private-file.ts';
import { jwtExpiry } from './auth.ts';
import { refusedAt, tokenPrint } from './refused.ts';
import { readCodexState } from './state.ts';

/** A ChatGPT login that can be refreshed; the prints tell tokens apart without being them. */
export type RefreshableLogin = {
  /** Milliseconds since 1970. */
  accessExpiresAt: number;
  accessPrint: string;
  refreshPrint: string;
  /** When the login server refused to renew it; null when it did not. */
  refusedAt: number | null;
  /** What no log may show. */
  secrets: readonly Secret[];
};

/**
 * The login in the Codex state `dir` that a refresh could renew; undefined for an API key, a login without a refresh
 * token, an access token that does not say when it ends, and a state that is not there or not fit to be shared.
 */
export async function refreshableLogin(dir: string): Promise<RefreshableLogin | undefined> {
  const directory = await openDirectory(dir);
  if ('kind' in directory) return undefined;
  try {
    const { auth, faults } = await readCodexState(directory, dir);
    if (faults.length > 0 || auth.mode !== 'chatgpt' || auth.refreshToken === '') return undefined;
    const accessExpiresAt = jwtExpiry(auth.accessToken);
    if (accessExpiresAt === null) return undefined;
    return {
      accessExpiresAt,
      accessPrint: tokenPrint(auth.accessToken),
      refreshPrint: tokenPrint(auth.refreshToken),
      refusedAt: await refusedAt(directory, dir, auth),
      secrets: [auth.idToken, auth.accessToken, auth.refreshToken].map((value) => new Secret(value)),
    };
  } finally {
    await directory.close();
  }
}
