import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The longest name of the DNS, without the dot at its end: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4 */
const MOST_CHARACTERS = 253;

/** A host name in the one form that everything here compares — ASCII, lower case, no dot at its end — or undefined when the text is none. */
export function hostName(text: string): string | undefined {
  const ascii = /^[\x21-\x7e]*$/.test(text) ? text.toLowerCase() : internationalName(text);
  const name = ascii.replace(/\.$/, '');
  if (name.length > MOST_CHARACTERS) return undefined;
  return name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

/** Node reads a name as a part of an address, so what would end that part is refused before. */
function internationalName(text: string): string {
  return /[^\P{ASCII}A-Za-z0-9.-]/u.test(text) || text.length > MOST_CHARACTERS ? '' : domainToASCII(text);
}

/** Whether a host is an address in any way of writing one that a resolver takes: `10.0.0.1`, `127.1`, `0x7f000001`, `[::1]`. */
export function isAddress(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) !== 0 || /(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(bare);
}

/** Names that are not the internet's: https://www.iana.org/assignments/special-use-domain-names and what networks at home and at work use. */
const PRIVATE_ENDS = new Set([
  'alt',
  'arpa',
  'corp',
  'example',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'onion',
  'private',
  'test',
]);

/** Whether a host name stands for something only this machine or its network knows: a single label, or one of the ends above. */
export function isPrivateName(host: string): boolean {
  const labels = host.split('.');
  return labels.length === 1 || PRIVATE_ENDS.has(labels.at(-1) ?? '');
}

/** The port of an entry that names none: HTTPS. */
export const DEFAULT_PORT = 443;

/** Splits `host:port`; `port` is undefined where the text has none. Gives undefined for a port that is none. */
export function splitPort(text: string): { host: string; port: number | undefined } | undefined {
  const [, host = '', , digits] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(text) ?? [];
  if (digits === undefined) return text === host ? { host, port: undefined } : undefined;
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** A host with its port, the port only where it is not the usual one. */
export function writeHostPort(host: string, port: number): string {
  return port === DEFAULT_PORT ? host : `${host}:${port}`;
}
