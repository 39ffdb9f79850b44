import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { AppApi } from '../../github/app-api.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import { appsFor, type Hosts, isOnHost, whyLeftOut } from './apps-for.ts';
import { appSecretInvalid, appSecretNotServing } from './errors.ts';
import type { TokenWant } from './mint.ts';
import { type AppSecret, appName, newRecord, readAppFiles, type StoredApp } from './record.ts';
import { maskApp, maskKey } from './store.ts';
import type { AppTokens } from './tokens.ts';

/** The Apps that profiles take from named secrets. They are in no list of Apps: only who names the secret has its App. */
export type AppsInSecrets = {
  /**
   * The App in the secret; the same object while the secret has the same text. No request. Throws
   * `app_secret_invalid`, and what looking the secret up throws.
   */
  read(secret: AppSecret): Promise<StoredApp>;
  /** The same with the facts of GitHub's answer, if there is one. Throws like `read`. */
  app(secret: AppSecret): Promise<StoredApp>;
  /** The Apps of the secrets as last read; no request. */
  last(): StoredApp[];
};

/** After a failed request GitHub is asked again who an App is after this time at the earliest. */
const ASK_AGAIN_MS = 5 * 60_000;

type Entry = { app: StoredApp; learning: Promise<void> | undefined; learnAt: number };

/** `valueOf` looks a named secret up, each time anew; `apiUrl` is of Apps that name none. */
export function createAppsInSecrets(parts: {
  valueOf: (secret: AppSecret) => Promise<Secret>;
  apiFor: (app: StoredApp) => AppApi;
  apiUrl: string;
  clock: Clock;
  redactor: Redactor;
  log: Logger;
}): AppsInSecrets {
  const { clock, redactor } = parts;
  /** Texts by the place of their secret, and Apps by text: profiles that share a secret share its tokens. */
  const texts = new Map<string, string>();
  const entries = new Map<string, Entry>();

  const look = async (secret: AppSecret): Promise<Entry> => {
    const text = (await parts.valueOf(secret)).reveal();
    maskText(redactor, text);
    const entry = entries.get(text) ?? { app: readApp(parts, secret, text), learning: undefined, learnAt: 0 };
    entries.set(text, entry);
    texts.set(JSON.stringify([secret.profile, secret.name]), text);
    const used = new Set(texts.values());
    for (const known of entries.keys()) if (!used.has(known)) entries.delete(known);
    return entry;
  };

  const learn = async (entry: Entry): Promise<void> => {
    try {
      const { id, slug, clientId, owner, url } = await parts.apiFor(entry.app).self();
      entry.app = { ...entry.app, appId: id, slug, clientId, owner, url };
    } catch (error) {
      parts.log.warn({ app: appName(entry.app), err: error }, 'GitHub did not say who this App is');
    }
    entry.learnAt = clock.now() + ASK_AGAIN_MS;
    entry.learning = undefined;
  };

  return {
    read: async (secret) => (await look(secret)).app,
    async app(secret) {
      const entry = await look(secret);
      const isKnown = entry.app.appId !== null && entry.app.slug !== null;
      if (!isKnown && clock.now() >= entry.learnAt) entry.learning ??= learn(entry);
      await entry.learning;
      return entry.app;
    },
    last: () => [...entries.values()].map(({ app }) => app),
  };
}

function readApp(
  { apiUrl, clock, redactor }: { apiUrl: string; clock: Clock; redactor: Redactor },
  secret: AppSecret,
  text: string,
): StoredApp {
  try {
    const [app, ...more] = readAppFiles(text, { apiUrl }).map((each) => newRecord(each, clock.now()));
    if (!app || more.length > 0)
      throw appSecretInvalid(secret, `It holds ${more.length + (app ? 1 : 0)} Apps, and one is wanted.`);
    maskApp(redactor, app);
    return app;
  } catch (error) {
    const issue = asFlowError(error);
    throw issue.code === 'app_secret_invalid' ? issue : appSecretInvalid(secret, issue.message, issue);
  }
}

/** Masks the text, and the key and the webhook secret in it as they are written there. */
function maskText(redactor: Redactor, text: string): void {
  const values = [text.trim()];
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (/key|secret/i.test(key) && typeof value === 'string') values.push(value);
      return value;
    });
  } catch {
    // What is no JSON is masked as a whole.
  }
  for (const value of values) maskKey(redactor, value);
}

/** What the Apps in secrets need to serve. */
type SecretParts = { inSecrets: AppsInSecrets; tokens: AppTokens } & Hosts;

/**
 * A token of the App in a secret, and of no other. Throws `app_secret_not_serving` where the App may not serve the
 * repository or is not installed there, and what `AppsInSecrets.read` and `AppTokens.token` throw.
 */
export async function tokenOfSecret(parts: SecretParts, secret: AppSecret, want: TokenWant) {
  refuseLeftOut(parts, { secret, app: await parts.inSecrets.read(secret) }, want.repository);
  const app = await parts.inSecrets.app(secret);
  const token = await parts.tokens.token(app, want);
  if (!token) throw notInstalled(secret, app, want.repository);
  return { app, token };
}

/** Throws why the App in a secret would give a repository no token; without a repository, why it serves nothing here. Mints nothing, and with `ask` false sends no request. */
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
