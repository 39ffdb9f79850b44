import { parse } from 'tldts';
import above from './above-suffixes.json' with { type: 'json' };
import {
  entryInvalid,
  entryIsAddress,
  entryIsPrivate,
  entryNotText,
  entryTooWide,
  listUnknown,
} from './errors.ts';
import { hostName, isAddress, isPrivateName } from './host-name.ts';
import { DEFAULT_PORT, splitPort } from './host-port.ts';
import type { HostLists } from './shipped-lists.ts';

/** One host that a run may reach: `below` means every name below `host`, but not `host` itself. `entry` is what the profile wrote. */
export type AllowRule = { host: string; below: boolean; port: number; entry: string };

/** What one entry of an allow list stands for; throws the codes `egress_entry_…` and `egress_list_unknown`. */
export function readAllowEntry(
  entry: unknown,
  lists: HostLists,
  privateHosts: readonly string[],
): AllowRule[] {
  if (typeof entry !== 'string') throw entryNotText(entry);
  if (entry.startsWith('@')) return readList(entry, lists);
  return [readHost(entry, lists, privateHosts)];
}

function readList(entry: string, lists: HostLists): AllowRule[] {
  const hosts = lists.get(entry.slice(1).toLowerCase());
  if (!hosts) throw listUnknown(entry, [...lists.keys()]);
  return hosts.map(({ host, port }) => ({ host, below: false, port, entry }));
}

function readHost(entry: string, lists: HostLists, privateHosts: readonly string[]): AllowRule {
  if (isAddress(entry)) throw entryIsAddress(entry);
  const split = splitPort(entry);
  if (!split) throw entryInvalid(entry);
  if (split.host === '*') throw entryTooWide(entry, 'it names every host there is');
  const below = split.host.startsWith('*.');
  const written = below ? split.host.slice(2) : split.host;
  if (isAddress(written)) throw entryIsAddress(entry);
  const host = hostName(written);
  if (host === undefined) throw entryInvalid(entry);
  if (isAddress(host)) throw entryIsAddress(entry);
  const rule = { host, below, port: split.port ?? DEFAULT_PORT, entry };
  checkWidth(rule, privateHosts, lists);
  return rule;
}

/** Whoever can get a name below `*.` gets the run's data, so what is below it must be one owner's. */
function checkWidth(
  { host, below, port, entry }: AllowRule,
  privateHosts: readonly string[],
  lists: HostLists,
): void {
  const isNamed = !below && privateHosts.includes(`${host}:${port}`);
  const isTopLevel = below && !host.includes('.') && !isPrivateName(`x.${host}`);
  if (isTopLevel) throw entryTooWide(entry, `it names every host below .${host}`);
  if (isPrivateName(host) && !isNamed) throw entryIsPrivate(entry, host, lists.has(host));
  if (below && isShared(host)) throw entryTooWide(entry, `anybody can get a name below ${host}`);
}

/** Names with a public suffix somewhere below them: whoever gets a name below `s3.amazonaws.com` has one below `amazonaws.com`. */
const ABOVE_SUFFIXES: ReadonlySet<string> = new Set(above);

/** Hosts below which anybody gets a name or a bucket of their own, and that are on no public list. */
const RENTED: ReadonlySet<string> = new Set([
  'aliyuncs.com',
  'azure.com',
  'azure.net',
  'b-cdn.net',
  'backblazeb2.com',
  'cloudapp.azure.com',
  'cloudflarestorage.com',
  'digitaloceanspaces.com',
  'firebaseio.com',
  'ghe.com',
  'myqcloud.com',
  'myhuaweicloud.com',
  'oraclecloud.com',
  'r2.cloudflarestorage.com',
  's3.wasabisys.com',
  'storage.googleapis.com',
  'wasabisys.com',
]);

function isShared(host: string): boolean {
  return isPublicSuffix(host) || ABOVE_SUFFIXES.has(host) || RENTED.has(host);
}

/** Names below which others register theirs, at registries (`co.uk`) and at hosters (`github.io`): https://publicsuffix.org */
function isPublicSuffix(host: string): boolean {
  return parse(host, { allowPrivateDomains: true }).publicSuffix === host;
}
