import { lookup, Resolver } from 'node:dns/promises';

/**
 * Finds the addresses of a host; rejects or gives none when there are none.
 *
 * `byPolicy` says that the admin's policy names the host; then the machine's own resolver (`/etc/hosts` too) finds it. For
 * every other name the name servers are queried, without the search list. That also keeps queries of agents out of the
 * few threads in which Node reads files.
 */
export type Resolve = (host: string, byPolicy: boolean) => Promise<readonly string[]>;

const TRY_MS = 2000;
const TRIES = 3;

/** Finds hosts with what the machine knows; its name servers are read anew each time, because machines change networks. */
export const systemResolve: Resolve = async (host, byPolicy) => {
  if (byPolicy) return (await lookup(host, { all: true })).map(({ address }) => address);
  return await askNameServers(new Resolver({ timeout: TRY_MS, tries: TRIES }), host);
};

/** Every address of both kinds; rejects with the name servers' error when there is neither. */
export async function askNameServers(resolver: Resolver, host: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (addresses.length === 0 && failed) throw failed.reason;
  return addresses;
}
