import type { Clock, Timer } from '../../base/clock.ts';
import type { AppApi } from '../../github/app-api.ts';
import type { Logger } from '../../log/logger.ts';
import type { AppsInSecrets } from './apps-in-secrets.ts';
import { type AppSecret, appName, type StoredApp } from './record.ts';
import type { AppStore } from './store.ts';

/** Asks GitHub for id, slug and owner of Apps that were added without them, and repeats failed requests. */
type AppLearner = {
  /** Begins with the stored Apps and those in `secrets`. */
  start(secrets: () => readonly AppSecret[]): void;
  /** Nothing is stored from now on. */
  stop(): void;
};

/** How often Apps that GitHub has not named yet are asked about. */
const LEARN_MS = 5 * 60_000;

/** Idle until `start`. */
export function createAppLearner(parts: {
  store: AppStore;
  inSecrets: AppsInSecrets;
  apiFor: (app: StoredApp) => AppApi;
  clock: Clock;
  log: Logger;
}): AppLearner {
  const { store, inSecrets, apiFor, clock, log } = parts;
  let timer: Timer | undefined;
  let isOpen = true;
  const learn = async (app: StoredApp): Promise<void> => {
    try {
      const { id, slug, clientId, owner, url } = await apiFor(app).self();
      if (isOpen) await store.learn(app.key, { appId: id, slug, clientId, owner, url });
    } catch (error) {
      log.warn({ app: appName(app), err: error }, 'GitHub did not say who this App is');
    }
  };
  const learnAll = async (secrets: readonly AppSecret[]): Promise<void> => {
    for (const app of await store.all().catch(() => []))
      if (app.appId === null || app.slug === null) await learn(app);
    for (const secret of secrets) await inSecrets.app(secret).catch(() => undefined);
  };
  return {
    start(secrets) {
      void learnAll(secrets());
      timer = clock.every(LEARN_MS, async () => await learnAll(secrets()));
    },
    stop() {
      isOpen = false;
      timer?.stop();
    },
  };
}
