import { parse } from 'tldts';
import { FlowError, type Problem } from '../base/errors.ts';
import above from './above-suffixes.json' with { type: 'json' };
import {
  entryInvalid,
  entryIsAddress,
  entryIsPrivate,
  entryNotText,
  entryTooWide,
  listUnknown,
} from './errors.ts';
import { DEFAULT_PORT, hostName, isAddress, isPrivateName, splitPort, writeHostPort } from './host-name.ts';
import type { HostLists } from './shipped-lists.ts';

/** What a run may reach; plain data. An empty list allows nothing. */
export type AllowList = readonly AllowRule[];

/** A problem with the entry at `index`. */
type ListProblem = Problem & { index: number };

/**
 * Reads `runtime.network.allow`. Pure; all problems at once.
 *
 * An entry is a host (`api.openai.com`), all names below one, however deep, but not the name itself (`*.github.com`),
 * or a shipped list (`@github`). A port may follow a host (`example.org:8443`); without one it is 443 alone. Case, a
 * dot at the end and the way of writing other alphabets make no difference. `privateHosts` are the policy's `host:port`
 * words in lower case, which may also be names of the own network.
 */
export function parseAllowList(
  entries: readonly unknown[],
  lists: HostLists,
  privateHosts: readonly string[] = [],
): { list: AllowList; problems: ListProblem[] } {
  const list: AllowRule[] = [];
  const problems: ListProblem[] = [];
  entries.forEach((entry, index) => {
    try {
      list.push(...readAllowEntry(entry, lists, privateHosts));
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      problems.push({ ...error.toProblem(), index });
    }
  });
  return { list, problems };
}

/** Whether a list lets a run reach `host` (in any way of writing it) on `port`. */
export function isAllowed(list: AllowList, host: string, port: number): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  return list.some(
    (rule) => rule.port === port && (rule.below ? name.endsWith(`.${rule.host}`) : name === rule.host),
  );
}

/** One entry of an allow list as the profile wrote it, and the hosts that it stands for. */
export type ListedHosts = { entry: string; hosts: string[] };

/** The hosts of a list, entry by entry. */
export function listHosts(list: AllowList): ListedHosts[] {
  const entries = [...new Set(list.map(({ entry }) => entry))];
  return entries.map((entry) => ({
    entry,
    hosts: list.filter((rule) => rule.entry === entry).map(writeRule),
  }));
}

/** How many entries a sentence names before it only counts. */
const MOST_NAMED = 20;

/** A list as words: `api.openai.com, *.github.com and 3 more`. */
export function describeList(list: AllowList): string {
  const names = [...new Set(list.map(writeRule))];
  if (names.length === 0) return 'nothing';
  const rest = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function writeRule({ host, below, port }: AllowRule): string {
  return writeHostPort(below ? `*.${host}` : host, port);
}

/** One host that a run may reach: `below` means every name below `host`, but not `host` itself. `entry` is what the profile wrote. */
type AllowRule = { host: string; below: boolean; port: number; entry: string };

/** What one entry of an allow list stands for; throws the codes `egress_entry_…` and `egress_list_unknown`. */
function readAllowEntry(entry: unknown, lists: HostLists, privateHosts: readonly string[]): AllowRule[] {
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
  'app.github.dev',
  'b-cdn.net',
  'cloudflarestorage.com',
  'firebaseio.com',
  'ghe.com',
  'nip.io',
  'r2.cloudflarestorage.com',
  'sslip.io',
  'storage.googleapis.com',
]);

/** The same for hosters with names at every depth, such as `<bucket>.oss-<region>.aliyuncs.com`. */
const RENTED_THROUGHOUT: readonly string[] = [
  'aliyuncs.com',
  'amazonaws.com',
  'amazonaws.com.cn',
  'azure.com',
  'azure.net',
  'backblazeb2.com',
  'digitaloceanspaces.com',
  'googleusercontent.com',
  'myhuaweicloud.com',
  'myqcloud.com',
  'oraclecloud.com',
  'wasabisys.com',
  'windows.net',
  'your-objectstorage.com',
];

function isShared(host: string): boolean {
  const isRented = RENTED.has(host) || RENTED_THROUGHOUT.some((name) => `.${host}`.endsWith(`.${name}`));
  return isRented || isPublicSuffix(host) || ABOVE_SUFFIXES.has(host);
}

/** Names below which others register theirs, at registries (`co.uk`) and at hosters (`github.io`): https://publicsuffix.org */
function isPublicSuffix(host: string): boolean {
  return parse(host, { allowPrivateDomains: true }).publicSuffix === host;
}
