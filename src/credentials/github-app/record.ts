import { FlowError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { Secret } from '../../base/secret.ts';
import { quoted } from '../../base/text.ts';
import { tenantOf } from '../../github/tenant.ts';
import { readAppKey } from './key.ts';
import { checkUrlPattern } from './url-pattern.ts';

/** One GitHub App as it is stored. What GitHub gives only after a sign-in is null until then. */
export type StoredApp = {
  /** Names it in the store: `<client id or app id>@<host of its API>`. */
  key: string;
  /** The id that it signs in with: the one it was added with, whatever GitHub reports later. */
  signsAs: string | number;
  appId: number | null;
  clientId: string | null;
  slug: string | null;
  /** Where people see it on GitHub. */
  url: string | null;
  owner: string | null;
  /** PKCS#8. */
  privateKey: Secret;
  webhookSecret: Secret | null;
  apiUrl: string;
  /** The App's login, and the user name that git sends with its tokens. */
  username: string | null;
  /** Which repositories may use it; null for all of its host. */
  urlPattern: string | null;
  /** When set, the only installation that is used. */
  installationId: number | null;
  /** The last installation that GitHub led here with. */
  capturedInstallationId: number | null;
  addedAt: number;
  /** The state that the manifest flow began with, which makes it good for one App. */
  state: string | null;
};

/** What is known of an App when it is added; `undefined` keeps the value of an earlier record of the same App. */
export type NewApp = {
  /** The client id unless given, else the App id. */
  signsAs?: string | number | undefined;
  appId?: number | undefined;
  clientId?: string | undefined;
  slug?: string | undefined;
  url?: string | undefined;
  owner?: string | undefined;
  privateKey: Secret;
  webhookSecret?: Secret | undefined;
  apiUrl: string;
  username?: string | undefined;
  urlPattern?: string | undefined;
  /** Null takes an installation id away that an earlier record has. */
  installationId?: number | null | undefined;
  state?: string | undefined;
};

/** A named secret that holds an App: the profile that names it, and its name. */
export type AppSecret = { profile: string; name: string };

/** What GitHub calls client ids: `Iv1.8a61f9b3a7aba766`, `Iv23liBBrXuaC1AbC9dE`. */
const CLIENT_ID = /^[A-Za-z][A-Za-z0-9._-]{5,99}$/;

/** What messages and lists call an App. */
export function appName(app: Pick<StoredApp, 'slug' | 'clientId' | 'appId'>): string {
  return app.slug ?? app.clientId ?? String(app.appId ?? '');
}

/** An App as it is added by hand or by the manifest flow. Throws `app_invalid`, `app_pattern_invalid`. */
export function newRecord(app: NewApp, nowMs: number): StoredApp {
  const id = app.signsAs ?? app.clientId ?? app.appId;
  if (id === undefined) throw appInvalid('has neither an App id nor a client id');
  if (app.clientId !== undefined && !CLIENT_ID.test(app.clientId))
    throw appInvalid(`has the client id ${quoted(app.clientId)}, which GitHub never gives`);
  for (const [name, number] of [['App', app.appId] as const, ['installation', app.installationId] as const])
    if (number !== undefined && number !== null && (!Number.isSafeInteger(number) || number < 1))
      throw appInvalid(`has the ${name} id ${quoted(number)}, which is no whole number above 0`);
  if (app.username !== undefined && !/^[A-Za-z0-9._-]{1,100}(\[bot\])?$/.test(app.username))
    throw appInvalid(`has the user name ${quoted(app.username)}, which cannot be one on GitHub`);
  const apiUrl = checkApiUrl(app.apiUrl);
  if (app.urlPattern !== undefined) checkUrlPattern(app.urlPattern);
  return {
    key: `${id}@${new URL(apiUrl).host}`,
    signsAs: id,
    appId: app.appId ?? null,
    clientId: app.clientId ?? null,
    slug: app.slug ?? null,
    url: app.url ?? null,
    owner: app.owner ?? null,
    privateKey: app.privateKey,
    webhookSecret: app.webhookSecret ?? null,
    apiUrl,
    username: app.username ?? null,
    urlPattern: app.urlPattern ?? null,
    installationId: app.installationId ?? null,
    capturedInstallationId: null,
    addedAt: nowMs,
    state: app.state ?? null,
  };
}

/** `added` with the facts that only `known` has, when both are one App on one host; else undefined. */
export function mergedRecord(known: StoredApp, added: StoredApp): StoredApp | undefined {
  const isSame =
    known.apiUrl === added.apiUrl &&
    (known.key === added.key ||
      (known.appId !== null && known.appId === added.appId) ||
      (known.clientId !== null && known.clientId === added.clientId));
  if (!isSame) return undefined;
  const given = Object.fromEntries(Object.entries(added).filter(([, value]) => value !== null));
  return { ...known, ...given };
}

/** An API's address in normal form: http or https, without a slash at its end; a tenant's whichever of its addresses was given. Throws `app_invalid`. */
function checkApiUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username || url.password || url.search)
    throw appInvalid(`has the API URL ${quoted(text)}, which is no http or https address of an API`);
  return tenantOf(text)?.apiUrl ?? text.trim().replace(/\/+$/, '');
}

/** Reads `{"githubAppInstallation": {"apiUrl", "clientId", "privateKey", "username", "urlPattern"}}`. Throws `app_file_invalid` and what `newRecord` and `readAppKey` throw. */
export function readAppFile(text: string, defaults: { apiUrl: string }): NewApp {
  return readFields(fileFields(documentIn(text)), defaults);
}

/** Reads an array of such objects, or a single one; throws the same, and `app_file_invalid` for two of one App. */
export function readAppFiles(text: string, defaults: { apiUrl: string }): NewApp[] {
  const document = documentIn(text);
  const all = Array.isArray(document) ? document : [document];
  const apps = all.map((each) => readFields(fileFields(each), defaults));
  const ids = apps.map(({ clientId, appId, apiUrl }) => `${clientId ?? appId}@${apiUrl}`);
  if (new Set(ids).size < ids.length) throw fileInvalid('it has one App twice');
  return apps;
}

function readFields(app: Record<string, unknown>, defaults: { apiUrl: string }): NewApp {
  const field = (name: string): string | undefined => {
    const value = app[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw fileInvalid(`its ${name} is no text`);
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = app[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (!/^[1-9]\d{0,15}$/.test(String(value))) throw fileInvalid(`its ${name} is no whole number`);
    return Number(value);
  };
  const privateKey = field('privateKey');
  if (privateKey === undefined) throw fileInvalid('it has no privateKey');
  const webhookSecret = field('webhookSecret');
  return {
    appId: number('appId'),
    clientId: field('clientId'),
    privateKey: readAppKey(privateKey),
    apiUrl: field('apiUrl') ?? defaults.apiUrl,
    username: field('username'),
    urlPattern: field('urlPattern'),
    installationId: number('installationId'),
    webhookSecret: webhookSecret === undefined ? undefined : new Secret(webhookSecret),
  };
}

const FILE_KEYS = [
  'apiUrl',
  'appId',
  'clientId',
  'installationId',
  'privateKey',
  'urlPattern',
  'username',
  'webhookSecret',
];

function documentIn(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The message of JSON.parse quotes the text, and with it the key.
    throw fileInvalid('it is not JSON');
  }
}

function fileFields(document: unknown): Record<string, unknown> {
  const app = isObject(document) ? document.githubAppInstallation : undefined;
  if (!isObject(app)) throw fileInvalid('it has no object "githubAppInstallation"');
  const unknown = Object.keys(app).find((name) => !FILE_KEYS.includes(name));
  if (unknown !== undefined) throw fileInvalid(`${quoted(unknown)} is no key of it`);
  return app;
}

function fileInvalid(why: string): FlowError {
  return new FlowError({
    code: 'app_file_invalid',
    blame: 'operator',
    message: `The file with the App is not as it should be: ${why}.`,
    hint: `Write it as {"githubAppInstallation": {"apiUrl": "https://api.github.com", "clientId": "Iv…", "privateKey": "-----BEGIN …", "username": "…", "urlPattern": "(?<baseUrl>https://github\\\\.com/owner)/.*"}}; it may also have ${FILE_KEYS.filter((key) => /Id$|Secret/.test(key)).join(', ')}.`,
  });
}

function appInvalid(what: string): FlowError {
  return new FlowError({
    code: 'app_invalid',
    blame: 'operator',
    message: `The App ${what}.`,
    hint: 'Copy the App id or the client id from the App’s settings on GitHub (General, About); the API URL is https://api.github.com, https://<host>/api/v3, or https://api.<tenant>.ghe.com.',
  });
}
