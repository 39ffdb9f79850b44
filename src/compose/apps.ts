import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { checkWebhookSecret } from '../config/webhook-secret.ts';
import { findServing, type Serving } from '../credentials/github/app-serving.ts';
import { createGitHubTokens, type GitHubTokens } from '../credentials/github/github-tokens.ts';
import { appsFor } from '../credentials/github-app/apps-for.ts';
import { withAppsInFile } from '../credentials/github-app/apps-in-file.ts';
import { type AppFlow, createAppFlow } from '../credentials/github-app/manifest-flow.ts';
import { appName, type StoredApp } from '../credentials/github-app/record.ts';
import { signInAs } from '../credentials/github-app/sign-in.ts';
import {
  type AppSigner,
  createAppSigners,
  learnIdentities,
  loginsOf,
} from '../credentials/github-app/signers.ts';
import { type AppStore, createAppStore } from '../credentials/github-app/store.ts';
import type { TokenRecords } from '../credentials/github-app/token-records.ts';
import { createAppTokens } from '../credentials/github-app/tokens.ts';
import { createPassphrases } from '../credentials/secrets/passphrase.ts';
import type { SecretStore } from '../credentials/secrets/secret-store.ts';
import { createSecretStores } from '../credentials/secrets/secret-stores.ts';
import { type AppApi, createAppApi } from '../github/app-api.ts';
import { createClockWatch } from '../github/clock-skew.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';

/** Everything of GitHub Apps, and the tokens that come of them or of files. */
export type ComposedApps = {
  store: AppStore;
  /** Reads APPS_FILE, where it is set. Throws `apps_file_unusable`. */
  check: () => Promise<void>;
  tokens: GitHubTokens;
  flow: AppFlow;
  /** Which App, or which file where none does, serves a repository. Throws the codes of `SecretStore`. */
  serving: (repository: string, tokenFile: string) => Promise<Serving>;
  apiFor: (app: StoredApp) => AppApi;
  /** The App that a delivery says it is for, with its webhook secret. */
  signers: (targetId: string | undefined) => Promise<readonly AppSigner[]>;
  /** Whether the App of this key may serve a repository and is installed there. Throws like `AppTokens.serves`. */
  serves: (key: string, repository: string) => Promise<boolean>;
  /** The same whatever its URL pattern says. */
  isInstalled: (key: string, repository: string) => Promise<boolean>;
  /** The logins that the service itself acts under. */
  logins: () => string[];
  /** Begins to ask GitHub for what it has not told of Apps yet. */
  start: () => void;
  stop: () => void;
};

/** How often Apps that GitHub has not named yet are asked about. */
const LEARN_MS = 5 * 60_000;

/** Where Apps are stored, opened with the passphrase of the configuration. */
export function appsFile(config: Config): SecretStore {
  const passphrases = createPassphrases({ ...config, given: () => config.passphrase });
  return createSecretStores({ ...config, passphrases, clock }).named('apps.enc');
}

function inFileOf(config: Config, store: AppStore, redactor: Redactor) {
  if (config.appsFile === undefined) return undefined;
  const { appsFile: path, githubApiUrl: apiUrl } = config;
  return withAppsInFile(store, { file: path, apiUrl, checkSecret: checkWebhookSecret, clock, redactor });
}

/** Builds what works with Apps; `records` is where failures are written down, undefined for a command that only asks. */
export function composeApps(parts: {
  config: Config;
  redactor: Redactor;
  log: Logger;
  records?: TokenRecords;
  file?: SecretStore;
  /** Is given the times of GitHub's answers, in milliseconds since 1970; else the log says once when the clock is off. */
  onDate?: (gitHubMs: number) => void;
}): ComposedApps {
  const { config, redactor, log, records, file = appsFile(config) } = parts;
  const inStore = createAppStore({ store: file, clock, redactor });
  const inFile = inFileOf(config, inStore, redactor);
  const store = inFile ?? inStore;
  const { onDate = createClockWatch({ clock, log }) } = parts;
  const apiFor = (app: StoredApp): AppApi =>
    createAppApi({ apiUrl: app.apiUrl, name: appName(app), signIn: signInAs(app), log, onDate });
  const cacheMs = config.appTokenMinutes * 60_000;
  const minted = createAppTokens({ apiFor, records, clock, redactor, log, cacheMs });
  const hosts = { apiUrl: config.githubApiUrl, serverUrl: config.githubServerUrl };
  let timer: { stop(): void } | undefined;
  let isOpen = true;
  const learn = async (): Promise<void> =>
    await learnIdentities(
      { ...store, learn: async (...told) => void (isOpen && (await store.learn(...told))) },
      apiFor,
      log,
    );
  return {
    store,
    check: async () => await inFile?.check(),
    apiFor,
    tokens: createGitHubTokens({ apps: store, tokens: minted, ...hosts, redactor, log }),
    serving: async (repository, tokenFile) =>
      await findServing({ apps: await store.all(), tokens: minted, tokenFile, ...hosts }, repository),
    flow: createAppFlow({ store, apiFor, publicUrl: config.publicUrl, redactor, clock, log }),
    signers: createAppSigners(store, log),
    async serves(key, repository) {
      const hosts = { apiUrl: config.githubApiUrl, serverUrl: config.githubServerUrl };
      const [app] = appsFor(await store.all(), repository, hosts).filter((each) => each.key === key);
      return app !== undefined && (await minted.serves(app, repository));
    },
    async isInstalled(key, repository) {
      const app = (await store.all()).find((each) => each.key === key);
      return app !== undefined && (await minted.serves(app, repository));
    },
    logins: () => loginsOf(store.last()),
    start() {
      void learn();
      timer = clock.every(LEARN_MS, learn);
    },
    stop() {
      isOpen = false;
      timer?.stop();
      minted.close();
    },
  };
}
