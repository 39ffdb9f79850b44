import type { IncomingHttpHeaders } from 'node:http';
import {
  contentEncodingUnsupported,
  contentTypeUnsupported,
  headerInvalid,
  headerMissing,
  signatureMissing,
} from './errors.ts';

/** The headers of a delivery, read before a byte of its body. */
export type DeliveryHeaders = {
  id: string;
  event: string;
  signature: string;
  /** The id of the App, repository or organisation that the webhook is of. */
  targetId: string | undefined;
  kept: Record<string, string>;
};

const ID = /^[A-Za-z0-9-]{1,64}$/;
const EVENT = /^[a-z_]{1,64}$/;
const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** Headers stored with a delivery: who sent it and for which hook. */
const KEPT = [
  'user-agent',
  'content-type',
  'x-github-hook-id',
  'x-github-hook-installation-target-id',
  'x-github-hook-installation-target-type',
  'x-github-enterprise-host',
  'x-github-enterprise-version',
];

/** Reads the headers of a delivery; throws the Refusal of the first that is wrong. */
export function readHeaders(headers: IncomingHttpHeaders): DeliveryHeaders {
  const type = headers['content-type'];
  if (type === undefined || !JSON_TYPE.test(type)) throw contentTypeUnsupported(type);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw contentEncodingUnsupported(encoding);
  const event = named(headers, 'X-GitHub-Event');
  if (!EVENT.test(event))
    throw headerInvalid('X-GitHub-Event', 'an event name of at most 64 small letters and underscores');
  const id = named(headers, 'X-GitHub-Delivery');
  if (!ID.test(id))
    throw headerInvalid('X-GitHub-Delivery', 'an id of at most 64 letters, digits and hyphens');
  const signature = headers['x-hub-signature-256'];
  if (signature === undefined || signature === '') throw signatureMissing();
  const kept = keptOf(headers);
  const targetId = kept['x-github-hook-installation-target-id'];
  return { id, event, signature: String(signature), targetId, kept };
}

function named(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  if (value === undefined || value === '') throw headerMissing(name);
  return String(value);
}

function keptOf(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    KEPT.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
