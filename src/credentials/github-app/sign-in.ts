import { createAppAuth } from '@octokit/auth-app';
import type { SignIn } from '../../github/client.ts';
import type { StoredApp } from './record.ts';

/**
 * How requests are signed as an App: by its client id or App id and its key, with a token of ten minutes, and once more
 * by GitHub's clock when GitHub finds ours off. Tokens of installations are not taken from the library: its cache and
 * its single flight tell neither Apps nor hosts apart (https://github.com/octokit/auth-app.js, get-installation-authentication).
 */
export function signInAs(app: StoredApp): SignIn {
  return {
    authStrategy: createAppAuth,
    auth: { appId: app.signsAs, privateKey: app.privateKey.reveal() },
  };
}
