import { FlowError, type Problem } from '../base/errors.ts';
import { type AllowRule, readAllowEntry } from './entry.ts';
import { hostName } from './host-name.ts';
import { writeHostPort } from './host-port.ts';
import type { HostLists } from './shipped-lists.ts';

/** What a run may reach; plain data. An empty list allows nothing. */
export type AllowList = readonly AllowRule[];

/** A problem with the entry at `index`. */
export type ListProblem = Problem & { index: number };

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
