import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { ApiRequest } from './api.ts';
import type { DescribedGitHub } from './described.ts';

/** An App on one account. */
export type StoodInstallation = {
  id: number;
  account: string;
  /** `owner/name` of those it was given. */
  repositories: string[];
  permissions: Record<string, string>;
  suspended: boolean;
};

/** An App as the stand-in knows it, with the private key that GitHub would let one download. */
export type StoodApp = {
  id: number;
  slug: string;
  clientId: string;
  owner: string;
  pem: string;
  publicKey: KeyObject;
  webhookSecret: string;
  installations: StoodInstallation[];
};

/** A token that was minted: what it is good for, and until when by the stand-in’s clock. */
export type StoodToken = {
  value: string;
  app: string;
  installation: number;
  repositories: string[];
  permissions: Record<string, string>;
  expiresAt: number;
};

/** Everything of Apps. `skewMs` is how far GitHub’s clock is ahead of the machine’s; `codes` are what manifests may be traded for. */
export type StoodApps = {
  apps: StoodApp[];
  tokens: StoodToken[];
  codes: Map<string, StoodApp>;
  skewMs: number;
  lifeMs: number;
};

type Answer = { status: number; body: unknown; headers?: Record<string, string> };
type State = { apps: StoodApps; description: DescribedGitHub };
type Handler = (state: State, request: ApiRequest, values: Record<string, string>) => Answer;

/** Nothing yet. */
export function noApps(): StoodApps {
  return { apps: [], tokens: [], codes: new Map(), skewMs: 0, lifeMs: 3_600_000 };
}

/** Making a key takes a quarter of a second, so that three are made for all Apps of a test file. */
const keys: KeyObject[] = [];
let made = 0;

function nextKey(): KeyObject {
  const place = made % 3;
  made += 1;
  keys[place] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return keys[place];
}

/** A new App, its key in PKCS#1 as GitHub gives it and another than that of the App made before. */
export function makeApp(over: Partial<StoodApp> = {}): StoodApp {
  const privateKey = nextKey();
  const id = over.id ?? 1000 + Math.floor(Math.random() * 1_000_000);
  return {
    id,
    slug: `robot-${id}`,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    owner: 'octo',
    pem: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey),
    webhookSecret: randomBytes(20).toString('hex'),
    installations: [],
    ...over,
  };
}

/** An installation on `account` with what runs need, on these repositories. */
export function makeInstallation(account: string, ...repositories: string[]): StoodInstallation {
  return {
    id: 50_000 + Math.floor(Math.random() * 1_000_000),
    account,
    repositories,
    permissions: { contents: 'write', issues: 'write', pull_requests: 'write', metadata: 'read' },
    suspended: false,
  };
}

function now({ skewMs }: StoodApps): number {
  return Date.now() + skewMs;
}

function refusal(status: number, message: string): Answer {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  };
}

/** What GitHub would say to the credential of a request before it looks at anything else; undefined when it is good. */
export function refuseCredential({ apps }: State, { authorization, path }: ApiRequest): Answer | undefined {
  const credential = /^(?:bearer|token) (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const isForApps = /^\/app(\/|$)|^\/repos\/[^/]+\/[^/]+\/installation$/.test(path);
  if (credential.split('.').length === 3) {
    if (!isForApps) return refusal(401, 'Bad credentials');
    const issue = jwtIssue(apps, credential);
    return issue === undefined ? undefined : dated(apps, refusal(401, issue));
  }
  if (isForApps && apps.apps.length > 0) return refusal(401, 'A JSON web token could not be decoded');
  const token = apps.tokens.find(({ value }) => value === credential);
  if (!token) return credential.startsWith('ghs_') ? refusal(401, 'Bad credentials') : undefined;
  if (token.expiresAt <= now(apps)) return refusal(401, 'Bad credentials');
  const repository = /^\/repos\/([^/]+\/[^/]+)/.exec(path)?.[1];
  return repository === undefined || token.repositories.includes(repository)
    ? undefined
    : refusal(404, 'Not Found');
}

/** GitHub’s own sentences: a library recognises a clock that is off by them. */
function jwtIssue(apps: StoodApps, jwt: string): string | undefined {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const app = apps.apps.find(({ id, clientId }) => claims.iss === id || claims.iss === clientId);
  if (!app) return 'Integration not found';
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify('sha256', signed, app.publicKey, Buffer.from(signature, 'base64url')))
    return 'A JSON web token could not be decoded';
  const second = Math.floor(now(apps) / 1000);
  if (Number(claims.iat) > second)
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  if (Number(claims.exp) > second + 600) return "'Expiration time' claim ('exp') is too far in the future";
  if (Number(claims.exp) <= second)
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  return undefined;
}

function dated(apps: StoodApps, answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, date: new Date(now(apps)).toUTCString() } };
}

/** The App that a request is signed as; `refuseCredential` has looked at it. */
function signedIn({ apps }: State, { authorization }: ApiRequest): StoodApp {
  const body = authorization?.split('.')[1] ?? '';
  const { iss } = JSON.parse(Buffer.from(body, 'base64url').toString()) as { iss: unknown };
  const app = apps.apps.find(({ id, clientId }) => iss === id || iss === clientId);
  if (!app) throw new Error('nobody is signed in');
  return app;
}

const INSTALLATIONS = '/app/installations';
const INSTALLATION = `${INSTALLATIONS}/{installation_id}`;
const TOKENS = `${INSTALLATION}/access_tokens`;
const OF_REPOSITORY = '/repos/{owner}/{repo}/installation';
const REPOSITORIES = '/installation/repositories';
const CONVERSION = '/app-manifests/{code}/conversions';

/** What the stand-in answers to Apps and their tokens. */
export const APP_HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /app': (state, request) => {
    const app = signedIn(state, request);
    return dated(state.apps, { status: 200, body: described(state, app, '/app', 200) });
  },
  'GET /users/{username}': ({ apps, description }, _request, { username = '' }) => {
    const app = apps.apps.find(({ slug }) => `${slug}[bot]` === decodeURIComponent(username));
    if (!app) return refusal(404, 'Not Found');
    const { plan: _plan, ...example } = description.example('/users/{username}', 'get', 200);
    return {
      status: 200,
      body: { ...example, login: `${app.slug}[bot]`, id: 900_000 + app.id, type: 'Bot' },
    };
  },
  [`GET ${INSTALLATIONS}`]: (state, request) => {
    const app = signedIn(state, request);
    const [size, page] = [
      Number(request.query.get('per_page') ?? 30),
      Number(request.query.get('page') ?? 1),
    ];
    const some = app.installations.slice((page - 1) * size, page * size);
    return { status: 200, body: some.map((each) => listed(state, app, each)) };
  },
  [`GET ${INSTALLATION}`]: (state, request, { installation_id }) => {
    const app = signedIn(state, request);
    const found = app.installations.find(({ id }) => id === Number(installation_id));
    return found ? { status: 200, body: shown(state, app, found) } : refusal(404, 'Not Found');
  },
  [`GET ${OF_REPOSITORY}`]: (state, request, { owner, repo }) => {
    const app = signedIn(state, request);
    const found = app.installations.find(({ repositories }) => repositories.includes(`${owner}/${repo}`));
    return found ? { status: 200, body: shown(state, app, found) } : refusal(404, 'Not Found');
  },
  [`POST ${TOKENS}`]: mint,
  [`GET ${REPOSITORIES}`]: (state, { authorization }) => {
    const token = state.apps.tokens.find(({ value }) => authorization?.endsWith(value));
    if (!token) return refusal(403, 'Resource not accessible by personal access token');
    const example = state.description.example(REPOSITORIES, 'get', 200);
    const [one] = example.repositories as object[];
    const repositories = token.repositories.map((name) => ({
      ...one,
      name: name.split('/')[1],
      full_name: name,
    }));
    return { status: 200, body: { ...example, total_count: repositories.length, repositories } };
  },
  'DELETE /installation/token': (state, { authorization }) => {
    state.apps.tokens = state.apps.tokens.filter(({ value }) => !authorization?.endsWith(value));
    return { status: 204, body: undefined };
  },
  [`POST ${CONVERSION}`]: (state, _request, { code = '' }) => {
    const app = state.apps.codes.get(code);
    state.apps.codes.delete(code);
    if (!app) return refusal(404, 'Not Found');
    state.apps.apps.push(app);
    const { clientId: client_id, pem, webhookSecret: webhook_secret } = app;
    const body = { ...described(state, app, CONVERSION, 201), client_id, pem, webhook_secret };
    return { status: 201, body };
  },
};

function mint(state: State, request: ApiRequest, { installation_id }: Record<string, string>): Answer {
  const { apps, description } = state;
  const app = signedIn(state, request);
  const installation = app.installations.find(({ id }) => id === Number(installation_id));
  if (!installation) return refusal(404, 'Not Found');
  if (installation.suspended) return refusal(403, 'This installation has been suspended');
  const wanted = (request.body ?? {}) as { repositories?: string[]; permissions?: Record<string, string> };
  const names = wanted.repositories?.map((name) => `${installation.account}/${name}`);
  if (names?.some((name) => !installation.repositories.includes(name)))
    return refusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  const permissions = wanted.permissions ?? installation.permissions;
  const levels = ['read', 'write', 'admin'];
  const isTooMuch = ([name, level]: [string, string]): boolean =>
    levels.indexOf(level) > levels.indexOf(installation.permissions[name] ?? '');
  if (Object.entries(permissions).some(isTooMuch))
    return refusal(422, 'The permissions requested are not granted to this installation.');
  const token: StoodToken = {
    value: `ghs_${randomBytes(18).toString('hex')}`,
    app: app.slug,
    installation: installation.id,
    repositories: names ?? installation.repositories,
    permissions,
    expiresAt: Math.floor((now(apps) + apps.lifeMs) / 1000) * 1000,
  };
  apps.tokens.push(token);
  const expires_at = new Date(token.expiresAt).toISOString().replace('.000', '');
  const example = description.example(TOKENS, 'post', 201);
  return dated(apps, { status: 201, body: { ...example, token: token.value, expires_at, permissions } });
}

function described({ description }: State, app: StoodApp, template: string, status: number): object {
  const example = description.example(template, template === '/app' ? 'get' : 'post', status);
  const owner = { ...(example.owner as object), login: app.owner };
  const html_url = `https://github.com/apps/${app.slug}`;
  return { ...example, id: app.id, slug: app.slug, client_id: app.clientId, owner, html_url };
}

function shown({ description }: State, app: StoodApp, installation: StoodInstallation): object {
  const example = description.example(INSTALLATION, 'get', 200);
  return {
    ...example,
    id: installation.id,
    account: { ...(example.account as object), login: installation.account },
    app_id: app.id,
    app_slug: app.slug,
    permissions: installation.permissions,
    repository_selection: 'selected',
    suspended_at: installation.suspended ? '2026-01-02T03:04:05Z' : null,
    suspended_by: null,
  };
}

/** For the list the description wants accounts that are user and enterprise at once; its own example is neither. */
function listed(state: State, app: StoodApp, installation: StoodInstallation): object {
  const one = shown(state, app, installation) as { account: object };
  const { account: slug } = installation;
  const enterprise = { name: slug, slug, created_at: null, updated_at: null };
  return { ...one, account: { ...one.account, ...enterprise } };
}
