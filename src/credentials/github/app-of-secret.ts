import { appsFor, type Hosts, isOnHost, whyLeftOut } from '../github-app/apps-for.ts';
import type { AppsInSecrets } from '../github-app/apps-in-secrets.ts';
import { appSecretNotServing } from '../github-app/errors.ts';
import type { TokenWant } from '../github-app/mint.ts';
import { type AppSecret, appName, type StoredApp } from '../github-app/record.ts';
import type { AppTokens } from '../github-app/tokens.ts';

/** What the Apps in secrets need to serve. */
type SecretParts = { inSecrets: AppsInSecrets; tokens: AppTokens } & Hosts;

/**
 * A token of the App in a secret, and of no other. Throws `app_secret_not_serving` where the App may not serve the
 * repository or is not installed there, what `AppsInSecrets.read` says, and what `AppTokens.token` does.
 */
export async function tokenOfSecret(parts: SecretParts, secret: AppSecret, want: TokenWant) {
  refuseLeftOut(parts, { secret, app: await parts.inSecrets.read(secret) }, want.repository);
  const app = await parts.inSecrets.app(secret);
  const token = await parts.tokens.token(app, want);
  if (!token) throw notInstalled(secret, app, want.repository);
  return { app, token };
}

/** Throws why the App in a secret would give a repository no token, or without one that it serves nothing here; mints nothing, and with `ask` false asks GitHub nothing. */
export async function checkAppSecret(
  parts: SecretParts,
  secret: AppSecret,
  { repository, ask }: { repository: string | undefined; ask: boolean },
): Promise<void> {
  const app = await parts.inSecrets.read(secret);
  if (!isOnHost(app, parts.apiUrl))
    throw appSecretNotServing(secret, appName(app), repository, whyLeftOut(app, repository ?? '', parts));
  if (repository === undefined) return;
  refuseLeftOut(parts, { secret, app }, repository);
  if (ask && !(await parts.tokens.serves(app, repository))) throw notInstalled(secret, app, repository);
}

function refuseLeftOut(
  hosts: Hosts,
  { secret, app }: { secret: AppSecret; app: StoredApp },
  repository: string,
): void {
  if (appsFor([app], repository, hosts).length > 0) return;
  throw appSecretNotServing(secret, appName(app), repository, whyLeftOut(app, repository, hosts));
}

function notInstalled(secret: AppSecret, app: StoredApp, repository: string) {
  return appSecretNotServing(secret, appName(app), repository, 'is not installed on it');
}
