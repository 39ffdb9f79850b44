import { isIP } from 'node:net';
import type { Agent } from '../agents/agent.ts';
import { DEFAULT_PORT, hostName } from './host-name.ts';
import lists from './shipped-lists.json' with { type: 'json' };

/** The hosts that profiles use by the name of a list, without the `@` that they write before it. */
export type HostLists = ReadonlyMap<string, readonly GitHubHost[]>;

/** The lists of agents, and GitHub's, of which the first has the hosts of the operator's GitHub too (`gitHubHosts`). */
export function hostLists(
  agents: readonly Pick<Agent, 'network'>[],
  gitHub: readonly GitHubHost[] = [],
): HostLists {
  const own = agents.map(({ network }) => [network.list, exactHosts(network.hosts)] as const);
  return new Map([
    ...own,
    ['github', [...exactHosts(lists.github.hosts), ...gitHub]],
    ['github-lfs', exactHosts(lists['github-lfs'].hosts)],
  ]);
}

function exactHosts(hosts: Readonly<Record<string, string>>): GitHubHost[] {
  return Object.keys(hosts).map((host) => ({ host, port: DEFAULT_PORT }));
}

/** A host that the operator's GitHub has and the shipped list `@github` has not. */
type GitHubHost = { host: string; port: number };

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
  const isNew = ({ host, port }: GitHubHost, index: number): boolean =>
    !(port === DEFAULT_PORT && Object.hasOwn(lists.github.hosts, host)) &&
    all.findIndex((each) => each.host === host && each.port === port) === index;
  return all.filter(isNew);
}

function hostOf(address: string): GitHubHost | undefined {
  const url = new URL(address);
  const host = hostName(url.hostname);
  if (url.protocol !== 'https:' || host === undefined || isIP(host) !== 0) return undefined;
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) };
}
