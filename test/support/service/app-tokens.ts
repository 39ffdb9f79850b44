import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createGitHubTokens, type GitHubTokens } from '../../../src/credentials/github/github-tokens.ts';
import { createAppsInSecrets } from '../../../src/credentials/github-app/apps-in-secrets.ts';
import { readAppKey } from '../../../src/credentials/github-app/key.ts';
import { signInAs } from '../../../src/credentials/github-app/mint.ts';
import { appName, type NewApp, type StoredApp } from '../../../src/credentials/github-app/record.ts';
import { type AppStore, createAppStore } from '../../../src/credentials/github-app/store.ts';
import { createTokenRecords, type TokenRecords } from '../../../src/credentials/github-app/token-records.ts';
import { createAppTokens } from '../../../src/credentials/github-app/tokens.ts';
import { createNamedSecrets } from '../../../src/credentials/inject/named-secrets.ts';
import type { SecretStore } from '../../../src/credentials/secrets/secret-store.ts';
import { createSecretStores } from '../../../src/credentials/secrets/secret-stores.ts';
import type { Db } from '../../../src/db/open.ts';
import { createAppApi } from '../../../src/github/app-api.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor, type Redactor } from '../../../src/log/redact.ts';
import { openNewSqlite } from '../databases/migrated.ts';
import { type GitHubApi, startGitHubApi } from '../github/api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../github/apps.ts';
import { settableClock } from '../suite/fake-clock.ts';
import { temporaryDirectory } from '../suite/temporary.ts';

/** Tokens over a stand-in, a real store and a real database, with a clock that the test sets. */
export type AppLab = {
  api: GitHubApi;
  dir: string;
  clock: ReturnType<typeof settableClock>;
  store: AppStore;
  /** Where named secrets are looked for. */
  environment: Record<string, string>;
  tokens: GitHubTokens;
  records: TokenRecords;
  redactor: Redactor;
  /** Lines of the log. */
  log: string[];
  /** An App at the stand-in, installed on these repositories, and stored. */
  addApp(
    repositories: readonly string[],
    over?: Partial<NewApp>,
  ): Promise<{ stood: StoodApp; stored: StoredApp }>;
  /** How often tokens were minted. */
  mints(): number;
  close(): Promise<void>;
};

/** The same App as a secret or a file holds it. */
export function appJson(stood: Pick<StoodApp, 'clientId' | 'pem'>, over: object = {}): string {
  const { clientId, pem: privateKey } = stood;
  return JSON.stringify({ githubAppInstallation: { clientId, privateKey, ...over } });
}

/** What is given to add an App of the stand-in. */
export function appOf(stood: StoodApp, apiUrl: string): NewApp {
  return { clientId: stood.clientId, privateKey: readAppKey(stood.pem), apiUrl };
}

let emptyStore: Buffer | undefined;

/** The same empty store for every lab: a new one has a new salt, for which a key is derived that is slow on purpose. */
async function layEmptyStore(directory: string, store: SecretStore): Promise<void> {
  const file = join(directory, 'apps.enc');
  if (emptyStore) {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(file, emptyStore, { mode: 0o600 });
  } else {
    await store.update(() => undefined);
    emptyStore = readFileSync(file);
  }
}

/** Opens a lab; `close` fails when a request did not fit GitHub’s description. */
export async function openAppLab(options: { cacheMs?: number } = {}): Promise<AppLab> {
  const api = await startGitHubApi();
  const dir = await temporaryDirectory();
  const clock = settableClock(Date.now());
  const redactor = createRedactor();
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ level: 'debug', redactor, destination });
  const passphrases = async (): Promise<Secret[]> => [new Secret('a passphrase of this test')];
  const stores = createSecretStores({ secretsDir: dir, passphrases, clock: systemClock });
  await layEmptyStore(join(dir, 'service'), stores.named('apps.enc'));
  const store = createAppStore({ store: stores.named('apps.enc'), clock, redactor });
  const db: Db = await openNewSqlite(join(dir, 'test.db'));
  const records = createTokenRecords(db, redactor.mask);
  const apiFor = (app: StoredApp) =>
    createAppApi({ apiUrl: app.apiUrl, name: appName(app), signIn: signInAs(app), log: logger });
  const minted = createAppTokens({
    apiFor,
    records,
    clock,
    redactor,
    log: logger,
    cacheMs: options.cacheMs ?? 50 * 60_000,
  });
  const hosts = { apiUrl: api.url, serverUrl: 'https://github.com' };
  const environment: Record<string, string> = {};
  const named = createNamedSecrets({
    ...{ stores, order: ['environment'], agents: [], environment },
    drop: () => undefined,
  });
  const inSecrets = createAppsInSecrets({
    valueOf: async ({ profile, name }) => (await named.resolve(profile, [name]))[0]?.value ?? new Secret(''),
    ...{ apiFor, apiUrl: api.url, clock, redactor, log: logger },
  });
  const tokens = createGitHubTokens({
    ...{ apps: store, inSecrets, tokens: minted, ...hosts, redactor, log: logger },
  });
  return {
    api,
    dir,
    clock,
    store,
    environment,
    tokens,
    records,
    redactor,
    log,
    async addApp(repositories, over = {}) {
      const stood = makeApp();
      const [account = ''] = repositories[0]?.split('/') ?? [];
      if (repositories.length > 0) stood.installations.push(makeInstallation(account, ...repositories));
      for (const repository of repositories) api.repositories.add(repository);
      api.apps.apps.push(stood);
      return { stood, stored: await store.put({ ...appOf(stood, api.url), ...over }) };
    },
    mints: () => api.requests.filter(({ path }) => path.endsWith('/access_tokens')).length,
    async close() {
      minted.close();
      await db.close();
      await api.close();
    },
  };
}
