import { isIP } from 'node:net';
import { nearest } from '../base/words.ts';
import { hostName } from './host-name.ts';
import { DEFAULT_PORT } from './host-port.ts';
import lists from './shipped-lists.json' with { type: 'json' };

/** One list that profiles use by name: what it is for, and why each host is on it. All hosts are exact, on port 443. */
export type ShippedList = { about: string; hosts: Readonly<Record<string, string>> };

/** The shipped lists by their name, without the `@` that profiles write before it. */
export const SHIPPED_LISTS: ReadonlyMap<string, ShippedList> = new Map(Object.entries(lists));

/** A host that the operator's GitHub has and the shipped list `@github` has not. */
export type GitHubHost = { host: string; port: number };

/** What GitHub serves below the name of a tenant (`<tenant>.ghe.com`) or of a server with subdomain isolation: https://docs.github.com/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation */
const BELOW = ['api', 'codeload', 'media', 'raw', 'uploads'];

/**
 * The hosts that `@github` stands for besides its own, by the addresses of GITHUB_SERVER_URL and GITHUB_API_URL: those
 * two and what GitHub serves below the first. None for github.com, for directories, and for addresses without TLS,
 * which no run reaches.
 */
export function gitHubHosts(addresses: { serverUrl: string; apiUrl: string }): GitHubHost[] {
  const [server, api] = [hostOf(addresses.serverUrl), hostOf(addresses.apiUrl)];
  const labels = server === undefined || server.host === 'github.com' ? [] : BELOW;
  const below = labels.map((label) => server && { ...server, host: `${label}.${server.host}` });
  const all = [server, api, ...below].filter((each) => each !== undefined);
  const own = SHIPPED_LISTS.get('github')?.hosts ?? {};
  const isNew = ({ host, port }: GitHubHost, index: number): boolean =>
    !(port === DEFAULT_PORT && Object.hasOwn(own, host)) &&
    all.findIndex((each) => each.host === host && each.port === port) === index;
  return all.filter(isNew);
}

function hostOf(address: string): GitHubHost | undefined {
  const url = new URL(address);
  const host = hostName(url.hostname);
  if (url.protocol !== 'https:' || host === undefined || isIP(host) !== 0) return undefined;
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) };
}

/** The name of the shipped list that was probably meant. */
export function nearestList(name: string): string {
  return nearest(name, [...SHIPPED_LISTS.keys()]);
}
