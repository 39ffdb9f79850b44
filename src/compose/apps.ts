import { systemClock as clock } from '../base/clock.ts';
import { isObject } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/config.ts';
import { checkWebhookSecret } from '../config/webhook-secret.ts';
import { findServing, isServing, type Serving } from '../credentials/github/app-serving.ts';
import { createGitHubTokens, type GitHubTokens } from '../credentials/github/github-tokens.ts';
import { appsFor, type Hosts, webServers, whyForeign } from '../credentials/github-app/apps-for.ts';
import { withAppsInFile } from '../credentials/github-app/apps-in-file.ts';
import {
  type AppsInSecrets,
  checkAppSecret,
  createAppsInSecrets,
} from '../credentials/github-app/apps-in-secrets.ts';
import { createAppLearner } from '../credentials/github-app/learner.ts';
import { type AppFlow, createAppFlow } from '../credentials/github-app/manifest-flow.ts';
import { signInAs } from '../credentials/github-app/mint.ts';
import { type AppSecret, appName, type StoredApp } from '../credentials/github-app/record.ts';
import { type AppSigner, createAppSigners, loginsOf } from '../credentials/github-app/signers.ts';
import { type AppStore, createAppStore } from '../credentials/github-app/store.ts';
import type { TokenRecords } from '../credentials/github-app/token-records.ts';
import { createAppTokens } from '../credentials/github-app/tokens.ts';
import { createPassphrases } from '../credentials/secrets/passphrase.ts';
import type { SecretStore } from '../credentials/secrets/secret-store.ts';
import { createSecretStores } from '../credentials/secrets/secret-stores.ts';
import type { FlowEvent } from '../events/event.ts';
import { type AppApi, createAppApi } from '../github/app-api.ts';
import { createClockWatch } from '../github/clock-skew.ts';
import { type Refusal, signerNotAllowed } from '../ingress/errors.ts';
import { refuseHost, type Signer } from '../ingress/signer.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';
import { composeSecrets } from './credentials.ts';

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
  /** The App that a delivery names as its own, with its webhook secret. */
  signers: (targetId: string | undefined) => Promise<readonly AppSigner[]>;
  /** Whether the App of this key may serve a repository and is installed there. Throws like `AppTokens.serves`. */
  serves: (key: string, repository: string) => Promise<boolean>;
  /** Like `serves`, without regard to its URL pattern. */
  isInstalled: (key: string, repository: string) => Promise<boolean>;
  /** The App in a secret that a profile names. Throws like `AppsInSecrets.read`. */
  inSecret: (secret: AppSecret) => Promise<StoredApp>;
  /** Throws why it would give a repository no token (`checkAppSecret`). */
  checkSecret: (secret: AppSecret, want: { repository: string | undefined; ask: boolean }) => Promise<void>;
  /** The logins that the service itself acts under. */
  logins: () => string[];
  /** Starts to ask GitHub for missing facts about stored Apps and those in `secrets`. */
  start: (secrets: () => readonly AppSecret[]) => void;
  stop: () => void;
};

/** Where Apps are stored, opened with the passphrase of the configuration. */
export function appsFile(config: Config): SecretStore {
  const passphrases = createPassphrases({ keyFile: config.keyFile, given: () => config.passphrase });
  return createSecretStores({ secretsDir: config.secretsDir, passphrases, clock }).named('apps.enc');
}

function inFileOf(config: Config, store: AppStore, redactor: Redactor) {
  if (config.appsFile === undefined) return undefined;
  const { appsFile: path, githubApiUrl: apiUrl } = config;
  return withAppsInFile(store, { file: path, apiUrl, checkSecret: checkWebhookSecret, clock, redactor });
}

/** Named secrets as runs find them: the profile's own, the global ones and the environment's, in the configured order. */
function inSecretsOf(
  parts: { config: Config; redactor: Redactor; log: Logger },
  apiFor: (app: StoredApp) => AppApi,
): AppsInSecrets {
  const { secrets } = composeSecrets(parts);
  const { redactor, log, config } = parts;
  return createAppsInSecrets({
    apiFor,
    apiUrl: config.githubApiUrl,
    clock,
    redactor,
    log,
    async valueOf({ profile, name }) {
      const [found] = await secrets.resolve(profile, [name]);
      return found?.value ?? new Secret('');
    },
  });
}

/** Builds what works with Apps; `records` is where failures are written down, undefined for a command that only asks. */
export function composeApps(parts: {
  config: Config;
  redactor: Redactor;
  log: Logger;
  records?: TokenRecords;
  file?: SecretStore;
  /** Receives the time of each answer of GitHub, in milliseconds since 1970. Without it, a clock that is off is logged once. */
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
  const inSecrets = inSecretsOf(parts, apiFor);
  const ofSecrets = { inSecrets, tokens: minted, ...hosts };
  const learner = createAppLearner({ store, inSecrets, apiFor, clock, log });
  return {
    store,
    check: async () => await inFile?.check(),
    apiFor,
    tokens: createGitHubTokens({ ...ofSecrets, apps: store, redactor, log }),
    serving: async (repository, tokenFile) =>
      await findServing({ apps: await store.all(), tokens: minted, tokenFile, ...hosts }, repository),
    flow: createAppFlow({ store, apiFor, publicUrl: config.publicUrl, redactor, clock, log }),
    signers: createAppSigners(store, log),
    serves: async (key, repository) =>
      await isServing(
        { apps: appsFor(await store.all(), repository, hosts), tokens: minted },
        key,
        repository,
      ),
    isInstalled: async (key, repository) =>
      await isServing({ apps: await store.all(), tokens: minted }, key, repository),
    inSecret: inSecrets.read,
    checkSecret: async (secret, want) => await checkAppSecret(ofSecrets, secret, want),
    logins: () => loginsOf([...store.last(), ...inSecrets.last()]),
    start: learner.start,
    stop() {
      learner.stop();
      minted.close();
    },
  };
}

/**
 * Who may sign a delivery for the App of an id: the service's own secrets whatever happens on the server that is served,
 * and each App what it may serve there.
 */
export function composeSigners(
  config: Config,
  apps: Pick<ComposedApps, 'signers'>,
): (targetId: string | undefined) => Promise<readonly Signer[]> {
  const hosts = { apiUrl: config.githubApiUrl, serverUrl: config.githubServerUrl };
  const servers = webServers(hosts, hosts);
  const own: Signer = {
    secrets: config.webhookSecrets.map((secret) => secret.reveal()),
    app: null,
    refuse: (event) => refuseHost(servers, event),
  };
  return async (targetId) => {
    const signers = (await apps.signers(targetId)).map(({ app, secret }) => ({
      secrets: [secret],
      app: app.key,
      refuse: (event: FlowEvent) => refuseHost(servers, event) ?? refuseForeign(app, event, hosts),
    }));
    return [own, ...signers];
  };
}

/** What an App is not there for. */
function refuseForeign(
  app: StoredApp,
  { payload, attributes }: FlowEvent,
  hosts: Hosts,
): Refusal | undefined {
  const { repository } = attributes;
  const installation = isObject(payload.installation) ? payload.installation.id : undefined;
  const foreign = whyForeign(app, { installation, repository }, hosts);
  return foreign === undefined ? undefined : signerNotAllowed(appName(app), foreign);
}
