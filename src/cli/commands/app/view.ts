import { isoTime } from '../../../base/clock.ts';
import { appName, type StoredApp } from '../../../credentials/github-app/record.ts';
import type { TokenRecord } from '../../../credentials/github-app/token-records.ts';

/** An App as lists and JSON show it: everything but the key and the webhook secret. */
export function appView(app: StoredApp) {
  const { appId, clientId, owner, url, apiUrl, username, urlPattern, installationId } = app;
  return {
    app: appName(app),
    appId,
    clientId,
    account: owner,
    url,
    apiUrl,
    username,
    urlPattern,
    installationId,
    capturedInstallationId: app.capturedInstallationId,
    hasWebhookSecret: app.webhookSecret !== null,
    addedAt: isoTime(app.addedAt),
  };
}

/** Whether `name` means this App: slug, client id, App id, or the name in the store. */
export function isCalled({ slug, clientId, key, appId }: StoredApp, name: string): boolean {
  return [slug, clientId, key, String(appId)].includes(name);
}

/** One kind of token, with the remaining seconds of the last one. */
export function tokenView(record: TokenRecord, nowMs: number) {
  const { repository, permissions, expiresAt, failures, lastError } = record;
  const left = expiresAt === null ? 0 : Math.max(0, Math.floor((expiresAt - nowMs) / 1000));
  return {
    repository,
    permissions,
    mintedAt: isoTime(record.mintedAt),
    expiresAt: isoTime(expiresAt),
    remainingSec: left,
    failures,
    lastError: lastError && {
      ...lastError,
      at: isoTime(lastError.at),
      nextTryAt: isoTime(lastError.nextTryAt),
    },
  };
}
