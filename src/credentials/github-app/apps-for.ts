import { quoted } from '../../base/text.ts';
import { tenantOf } from '../../github/tenant.ts';
import type { StoredApp } from './record.ts';
import { baseUrlFor } from './url-pattern.ts';

/** Where the service's own GitHub is. */
export type Hosts = { apiUrl: string; serverUrl: string };

/**
 * The Apps that may serve a repository (`owner/name`): by their URL pattern, or all of the service's own host. One
 * whose API is on another host never serves, whatever its pattern: its tokens would be sent to the wrong host. The
 * longest `baseUrl` comes first, Apps without a pattern last, the oldest first among equals.
 */
export function appsFor(apps: readonly StoredApp[], repository: string, hosts: Hosts): StoredApp[] {
  return apps
    .map((app) => ({ app, weight: weightOf(app, repository, hosts) }))
    .filter(({ weight }) => weight !== undefined)
    .toSorted((one, other) => (other.weight ?? 0) - (one.weight ?? 0))
    .map(({ app }) => app);
}

function weightOf(app: StoredApp, repository: string, hosts: Hosts): number | undefined {
  const { urlPattern } = app;
  if (!isOnHost(app, hosts.apiUrl)) return undefined;
  if (urlPattern === null) return sameAddress(app.apiUrl, hosts.apiUrl) ? 0 : undefined;
  const bases = webServers(app, hosts).map((server) => baseUrlFor(urlPattern, server, repository)?.length);
  return bases.find((length) => length !== undefined);
}

/**
 * What of an event is nothing that an App is there for, by its URL pattern and the only installation that it may have;
 * admission asks GitHub whether it is installed.
 */
export function whyForeign(
  app: StoredApp,
  { installation, repository }: { installation: unknown; repository: unknown },
  hosts: Hosts,
): string | undefined {
  if (app.installationId !== null && installation !== undefined && installation !== app.installationId)
    return `installation ${quoted(installation, 40)}`;
  if (typeof repository !== 'string' || appsFor([app], repository, hosts).length > 0) return undefined;
  return repository;
}

/** Why an App that `appsFor` leaves out may not serve a repository; completes a sentence about it. */
export function whyLeftOut(app: StoredApp, repository: string, hosts: Hosts): string {
  if (app.urlPattern === null || !isOnHost(app, hosts.apiUrl))
    return `has its API at ${app.apiUrl}, not at ${hosts.apiUrl}`;
  const [server] = webServers(app, hosts);
  return `has the URL pattern ${app.urlPattern}, which leaves out ${server}/${repository}`;
}

/** The servers whose addresses an App's pattern is about. Clones from a directory, for trying things out, have no address that it could be about. */
export function webServers(app: Pick<StoredApp, 'apiUrl'>, { serverUrl }: Hosts): string[] {
  return serverUrl.startsWith('file:') ? [serverOf(app.apiUrl), 'https://github.com'] : [serverUrl];
}

/** The web address that belongs to an API: https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api */
export function serverOf(apiUrl: string): string {
  const { origin, hostname } = new URL(apiUrl);
  if (hostname === 'api.github.com') return 'https://github.com';
  return tenantOf(apiUrl)?.serverUrl ?? origin.replace('://api.', '://');
}

/** The API that belongs to a web address. */
export function apiOf(serverUrl: string): string {
  if (new URL(serverUrl).hostname === 'github.com') return 'https://api.github.com';
  return tenantOf(serverUrl)?.apiUrl ?? `${serverUrl.replace(/\/+$/, '')}/api/v3`;
}

/** Whether the App's API is on the host that the service works with. */
export function isOnHost(app: Pick<StoredApp, 'apiUrl'>, apiUrl: string): boolean {
  return new URL(app.apiUrl).origin === new URL(apiUrl).origin;
}

function sameAddress(one: string, other: string): boolean {
  const plain = (text: string): string => new URL(text).href.replace(/\/+$/, '');
  return plain(one) === plain(other);
}
