import { FlowError, systemCode } from '../base/errors.ts';
import { quoted } from '../base/text.ts';
import { nearest } from '../base/words.ts';

/** An entry that is no text. */
export function entryNotText(entry: unknown): FlowError {
  return new FlowError({
    code: 'egress_entry_not_text',
    blame: 'profile',
    message: `Every entry of an allow list is a text, but ${quoted(entry)} is not.`,
    hint: 'Write a host name, for example "api.openai.com", or the name of a shipped list, for example "@github".',
  });
}

/** An entry that is no host name, with or without `*.` and a port. */
export function entryInvalid(entry: string): FlowError {
  return new FlowError({
    code: 'egress_entry_invalid',
    blame: 'profile',
    message: `${quoted(entry)} in the allow list is no host name.`,
    hint: `Write ${wantedForm(entry)}.`,
  });
}

/** The host out of an address such as `https://example.org/path`, else the forms there are. */
function wantedForm(entry: string): string {
  const host = /^[a-z][a-z\d+.-]*:\/\/([^/:@?#\s]+)/i.exec(entry)?.[1];
  if (host !== undefined) return `the host alone: ${quoted(host)}`;
  return 'a host ("api.openai.com"), all names below one ("*.github.com") or either with a port ("example.org:8443")';
}

/** An entry that is an address instead of a name. */
export function entryIsAddress(entry: string): FlowError {
  return new FlowError({
    code: 'egress_entry_address',
    blame: 'profile',
    message: `${quoted(entry)} in the allow list is an address; only names can be allowed, because the name is what a server proves by its certificate.`,
    hint: 'Write the name of the server. For one of your own network, the admin names it with its port in the policy.',
  });
}

/** A name that is not the internet's, and that the policy does not name; `isList` when it is one of a list. */
export function entryIsPrivate(entry: string, host: string, isList: boolean): FlowError {
  return new FlowError({
    code: 'egress_entry_private',
    blame: 'profile',
    message: `${quoted(entry)} in the allow list is a name of this machine or its own network, which runs do not reach.`,
    hint: isList
      ? `Write "@${host}" if you mean the shipped list.`
      : 'Write the full name of a public server, or let the admin name this host with its port in the policy.',
  });
}

/** A star that covers names of anybody. `why` completes "… is too wide: …". */
export function entryTooWide(entry: string, why: string): FlowError {
  return new FlowError({
    code: 'egress_entry_too_wide',
    blame: 'profile',
    message: `${quoted(entry)} in the allow list is too wide: ${why}.`,
    hint: 'Name the hosts that the run needs. For a network without a wall, write "network": "open".',
  });
}

/** A shipped list that does not exist. */
export function listUnknown(entry: string, lists: readonly string[]): FlowError {
  const names = lists.map((name) => `@${name}`);
  return new FlowError({
    code: 'egress_list_unknown',
    blame: 'profile',
    message: `There is no shipped list ${quoted(entry)}; there are ${names.join(', ')}.`,
    hint: `The nearest is "@${nearest(entry.slice(1), lists)}".`,
  });
}

/** The socket through which a run reaches its proxy could not be opened. */
export function socketFailed(path: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'egress_socket_failed',
    blame: 'operator',
    message: `The socket ${path} could not be opened (${systemCode(cause) ?? String(cause)}).`,
    hint: 'See that the directory is there, on a local file system, and writable by the service.',
    cause,
  });
}
