import type { Logger } from '../../log/logger.ts';
import type { StoredApp } from './record.ts';
import type { AppStore } from './store.ts';

/** A webhook secret, and whose it is. */
export type AppSigner = { app: StoredApp; secret: string };

/**
 * The Apps that may have signed a delivery of the App `targetId` (the header `X-GitHub-Hook-Installation-Target-ID`): the
 * App itself, and those without an id yet. It looks at the store each time, so that an App counts at once
 * whoever added it; a store that cannot be read has none.
 */
export function createAppSigners(
  store: Pick<AppStore, 'all'>,
  log: Logger,
): (targetId: string | undefined) => Promise<AppSigner[]> {
  let logged: unknown;
  return async (targetId) => {
    if (targetId === undefined || !/^\d{1,15}$/.test(targetId)) return [];
    const apps = await store.all().catch((error: unknown) => {
      // The same error is given until the store is tried again, and logged once.
      if (logged !== error)
        log.warn({ err: error }, 'the Apps cannot be read, so none of their secrets counts');
      logged = error;
      return [];
    });
    return apps
      .filter(({ appId }) => appId === null || appId === Number(targetId))
      .flatMap((app) => (app.webhookSecret ? { app, secret: app.webhookSecret.reveal() } : []));
  };
}

/** The logins that Apps act under on GitHub: `<slug>[bot]`, and a user name that was given and is a robot's. */
export function loginsOf(apps: readonly StoredApp[]): string[] {
  const logins = apps.flatMap(({ slug, username }) => [
    ...(slug === null ? [] : [`${slug}[bot]`]),
    ...(username?.endsWith('[bot]') ? [username] : []),
  ]);
  return [...new Set(logins)];
}
