import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { systemCode } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { tenantOf } from '../../github/tenant.ts';
import type { Redactor } from '../../log/redact.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { mergedRecord, type NewApp, newRecord, type StoredApp } from './record.ts';

/**
 * The Apps, encrypted in `SECRETS_DIR/service/apps.enc`. Any number of processes may use the file: each look sees
 * what any of them stored before it. Everything throws the codes of `SecretStore`.
 */
export type AppStore = {
  /** All Apps, oldest first; the same objects for as long as the file does not change. */
  all(): Promise<readonly StoredApp[]>;
  /** The Apps as `all` last gave them; reads nothing. */
  last(): readonly StoredApp[];
  /** Adds an App, or brings the record of the same one up to date. Throws `app_invalid`, `app_pattern_invalid`. */
  put(app: NewApp): Promise<StoredApp>;
  /** Forgets an App with its key and webhook secret; one that is gone already is fine. */
  remove(key: string): Promise<void>;
  /** Updates GitHub's facts of a stored App; one that was removed stays removed. */
  learn(key: string, facts: Partial<GitHubFacts>): Promise<void>;
  /** The key that states of the manifest flow are signed with; undefined before the first was signed. */
  stateKey(): Promise<Uint8Array | undefined>;
  /** The same key, made where there is none. */
  makeStateKey(): Promise<Uint8Array>;
  /** Takes that key away again: no state that it signed is good any more. */
  dropStateKey(): Promise<void>;
};

/** The fields of a record that GitHub decides. */
type GitHubFacts = Pick<
  StoredApp,
  'appId' | 'clientId' | 'slug' | 'url' | 'owner' | 'capturedInstallationId'
>;

/** A store that could not be read is not tried again sooner: each try costs the work of a key derivation. */
const RETRY_MS = 15_000;

const APP = 'app:';
const STATE_KEY = 'state-key';

type Look = { seen: string; apps: Promise<readonly StoredApp[]>; failedAt: number | undefined };

/** The Apps in `store`; every key and webhook secret ever read stays masked. */
export function createAppStore(parts: { store: SecretStore; clock: Clock; redactor: Redactor }): AppStore {
  const { store, clock, redactor } = parts;
  let look: Look | undefined;
  let last: readonly StoredApp[] = [];

  const read = async (): Promise<readonly StoredApp[]> => {
    const apps = appsIn(await store.read());
    for (const app of apps) maskApp(redactor, app);
    last = apps;
    return apps;
  };
  const all = async (): Promise<readonly StoredApp[]> => {
    const seen = await versionOf(store.file);
    const isStale = look?.failedAt !== undefined && clock.now() - look.failedAt > RETRY_MS;
    if (!look || look.seen !== seen || isStale) {
      const own: Look = { seen, apps: read(), failedAt: undefined };
      own.apps.catch(() => {
        own.failedAt = clock.now();
      });
      look = own;
    }
    return await look.apps;
  };
  return {
    all,
    last: () => last,
    async put(app) {
      let stored = newRecord(app, clock.now());
      maskApp(redactor, stored);
      await store.update((values) => {
        for (const known of appsIn(values)) {
          const merged = mergedRecord(known, stored);
          if (!merged) continue;
          values.delete(APP + known.key);
          stored = app.installationId === null ? { ...merged, installationId: null } : merged;
        }
        values.set(APP + stored.key, textOf(stored));
      });
      return stored;
    },
    remove: async (key) => await store.update((values) => void values.delete(APP + key)),
    async learn(key, facts) {
      const known = (await all()).find((app) => app.key === key);
      if (
        !known ||
        !Object.entries(facts).some(([name, value]) => known[name as keyof GitHubFacts] !== value)
      )
        return;
      await store.update((values) => {
        const app = appsIn(values).find((each) => each.key === key);
        if (app) values.set(APP + key, textOf({ ...app, ...facts }));
      });
    },
    async stateKey() {
      const key = (await store.read()).get(STATE_KEY);
      return key === undefined ? undefined : Buffer.from(key, 'base64');
    },
    async makeStateKey() {
      let key = (await store.read()).get(STATE_KEY);
      if (key === undefined)
        await store.update((values) => {
          key = values.get(STATE_KEY) ?? randomBytes(32).toString('base64');
          values.set(STATE_KEY, key);
        });
      return Buffer.from(key ?? '', 'base64');
    },
    dropStateKey: async () => await store.update((values) => void values.delete(STATE_KEY)),
  };
}

/** Changes whenever the file is replaced; the file is never written in place. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return systemCode(error) ?? 'unknown';
  }
}

/** Has an App's key and webhook secret masked from now on. */
export function maskApp(redactor: Redactor, app: StoredApp): void {
  maskKey(redactor, app.privateKey.reveal());
  if (app.webhookSecret) redactor.add(app.webhookSecret.reveal());
}

/** Has a key in PEM masked from now on, and what is between its first and last line without line ends. */
export function maskKey(redactor: Redactor, pem: string): void {
  redactor.add(pem);
  redactor.add(pem.replaceAll(/-----[A-Z ]+-----/g, '').replaceAll(/\s/g, ''));
}

function appsIn(values: ReadonlyMap<string, string>): StoredApp[] {
  return [...values]
    .filter(([name]) => name.startsWith(APP))
    .map(([, text]) => appOf(text))
    .toSorted((one, other) => one.addedAt - other.addedAt || (one.key < other.key ? -1 : 1));
}

/** The store is authenticated: what is in it, this program wrote; once with a wrong address for the API of a tenant. */
function appOf(text: string): StoredApp {
  const { privateKey, webhookSecret, ...rest } = JSON.parse(text) as Record<string, string | null>;
  const app = rest as unknown as StoredApp;
  return {
    ...app,
    apiUrl: tenantOf(app.apiUrl)?.apiUrl ?? app.apiUrl,
    privateKey: new Secret(privateKey ?? ''),
    webhookSecret: webhookSecret ? new Secret(webhookSecret) : null,
  };
}

function textOf(app: StoredApp): string {
  const webhookSecret = app.webhookSecret?.reveal() ?? null;
  return JSON.stringify({ ...app, privateKey: app.privateKey.reveal(), webhookSecret });
}
