import { isoTime, systemClock } from '../../../base/clock.ts';
import { asFlowError, FlowError, systemCode } from '../../../base/errors.ts';
import { randomId } from '../../../base/ids.ts';
import { quoted } from '../../../base/text.ts';
import type { ComposedApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import { appName, type StoredApp } from '../../../credentials/github-app/record.ts';
import { checkUrlPattern } from '../../../credentials/github-app/url-pattern.ts';
import { apiOf, serverOf, tenantOf } from '../../../github/tenant.ts';
import { startAdminServer } from '../../../http/admin-server.ts';
import { createAppRouter } from '../../../http/app-routes.ts';
import type { Listener } from '../../../http/listen.ts';
import { createLogin } from '../../../http/login.ts';
import { createLogger } from '../../../log/logger.ts';
import { createRedactor } from '../../../log/redact.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson } from '../../terminal/output.ts';
import { usage } from '../../terminal/usage.ts';
import { appsOf, readConfig } from '../shared/stores.ts';
import { untilSignal } from '../shared/until-signal.ts';
import { rememberLeftovers } from './leftovers.ts';
import { appView } from './view.ts';

/** The options of `app create`. */
export type CreateOptions = {
  org?: string;
  name?: string;
  serverUrl?: string;
  apiUrl?: string;
  urlPattern?: string;
  callbackUrl?: string;
  wait: boolean;
  json?: true;
};

/** How often the store is polled while a person is on GitHub. */
const LOOK_MS = 300;

/**
 * Prints the address at which the flow begins and waits until the App is stored and installed. The pages are the
 * service's own; when nothing listens on the admin's address, this command serves them while it waits.
 * A failed command leaves nothing behind: no store, no key file, no listener.
 */
export async function createApp(io: Io, options: CreateOptions): Promise<void> {
  const config = readConfig(io);
  const request = requestOf(config, options);
  const leftovers = rememberLeftovers(config);
  const stopped = new AbortController();
  void untilSignal(['SIGTERM', 'SIGINT', 'SIGHUP']).then(() => stopped.abort());
  try {
    const apps = await appsOf(io, config, 'write');
    await leftovers.opened(apps);
    await create({ io, config, options, request, apps, signal: stopped.signal });
  } catch (error) {
    const gone = await leftovers.removeNew().catch(() => false);
    if (gone) io.err(`${config.keyFile} is removed, because nothing was stored.\n`);
    throw error;
  }
}

async function create(parts: {
  io: Io;
  config: Config;
  options: CreateOptions;
  request: ReturnType<typeof requestOf>;
  apps: ComposedApps;
  signal: AbortSignal;
}): Promise<void> {
  const { io, config, options, request, apps, signal } = parts;
  const { state, text } = await apps.flow.begin(request);
  const address = `${request.callbackUrl}/new?state=${text}`;
  const expiresAt = isoTime(state.expiresAt);
  if (!options.wait && options.json) return printJson(io, { address, expiresAt });
  const print = options.json ? io.err : io.out;
  print(`Open this address in your browser. It is valid until ${expiresAt}:\n\n  ${address}\n\n`);
  if (!options.wait) return;
  const pages = await servePages(config, apps);
  try {
    const isInstalledHere = pages !== undefined;
    const app = await waitFor(apps, state, { print, isInstalledHere, signal });
    if (options.json) printJson(io, appView(app));
  } finally {
    await pages?.close();
  }
}

function requestOf(config: Config, options: CreateOptions) {
  const { org: organisation = null, name = `github-flows-${randomId(6)}`, urlPattern = null } = options;
  if (organisation !== null && !/^[A-Za-z0-9_-]{1,100}$/.test(organisation))
    throw usage(`--org is ${quoted(organisation, 100)}.`, 'Give the login of an organisation.');
  if (name.length > 34 || !/^[\w .-]+$/.test(name))
    throw usage(
      `--name is ${quoted(name, 100)}.`,
      'GitHub accepts up to 34 letters, digits, spaces and hyphens.',
    );
  if (urlPattern !== null) checkUrlPattern(urlPattern);
  const { apiUrl, serverUrl } = hostOf(config, options);
  const base =
    options.callbackUrl === undefined ? adminAddress(config) : web('--callback-url', options.callbackUrl);
  return { organisation, name, urlPattern, apiUrl, serverUrl, callbackUrl: `${base}/apps` };
}

/** The server and its API: the options, else the API of that server, else the configuration. */
function hostOf(config: Config, { apiUrl, serverUrl }: CreateOptions): { apiUrl: string; serverUrl: string } {
  const server = serverUrl === undefined ? undefined : web('--server-url', serverUrl);
  const api = apiUrl === undefined ? undefined : web('--api-url', apiUrl);
  const tenant = tenantOf(server ?? api ?? '');
  if (tenant) return api === undefined || tenantOf(api) ? tenant : { ...tenant, apiUrl: api };
  if (server !== undefined) return { serverUrl: server, apiUrl: api ?? apiOf(server) };
  if (api !== undefined) return { serverUrl: serverOf(api), apiUrl: api };
  const { githubApiUrl, githubServerUrl } = config;
  const isWeb = /^https?:/.test(githubServerUrl);
  return { apiUrl: githubApiUrl, serverUrl: isWeb ? githubServerUrl : serverOf(githubApiUrl) };
}

function web(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['https:', 'http:'].includes(url.protocol) && !url.username && !url.search && !url.hash)
    return text.replace(/\/+$/, '');
  throw usage(`${option} is ${quoted(text, 100)}.`, 'Give an http or https address.');
}

/** Where a browser on this machine reaches the admin listener. */
function adminAddress({ adminHost, adminPort }: Config): string {
  const host = ['0.0.0.0', '::'].includes(adminHost) ? 'localhost' : adminHost;
  return `http://${host.includes(':') ? `[${host}]` : host}:${adminPort}`;
}

/** The pages on the admin's address, or undefined when something, probably the service, listens there. */
async function servePages(config: Config, apps: ComposedApps): Promise<Listener | undefined> {
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const names = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname];
  try {
    return await startAdminServer({
      host: config.adminHost,
      port: config.adminPort,
      login: createLogin(randomId(32), systemClock),
      hosts: names,
      routers: [{ path: '/apps', router: createAppRouter({ flow: apps.flow, log }), open: true }],
      log,
      clock: systemClock,
    });
  } catch (error) {
    const issue = asFlowError(error);
    if (issue.code === 'listen_failed' && systemCode(issue.cause) === 'EADDRINUSE') return undefined;
    throw error;
  }
}

async function waitFor(
  apps: ComposedApps,
  { nonce, expiresAt }: { nonce: string; expiresAt: number },
  {
    print,
    isInstalledHere,
    signal,
  }: { print: (text: string) => void; isInstalledHere: boolean; signal: AbortSignal },
): Promise<StoredApp> {
  let stored: StoredApp | undefined;
  while (!signal.aborted && systemClock.now() < expiresAt) {
    const app = (await apps.store.all()).find((each) => each.state === nonce);
    if (app && !stored)
      print(
        plain(`The App ${appName(app)} is stored. Install it on your repositories in the same browser.\n`),
      );
    stored = app ?? stored;
    if (app?.capturedInstallationId)
      print(`It is installed. Its installation id is ${app.capturedInstallationId}.\n`);
    if (app && (app.capturedInstallationId || !isInstalledHere)) return app;
    await systemClock.sleep(LOOK_MS);
  }
  if (stored) return stored;
  throw new FlowError({
    code: 'app_not_created',
    blame: 'operator',
    message: 'GitHub returned no App before this command ended.',
    hint: 'Run `github-flows app create` again and open its address in a browser on this machine. For a browser elsewhere, give --callback-url with the address at which it reaches the admin listener.',
  });
}
