import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { NewDelivery } from '../deliveries/delivery.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { hasUniqueBody, readEvent } from '../events/from-delivery.ts';
import type { Logger } from '../log/logger.ts';
import {
  contentEncodingUnsupported,
  contentTypeUnsupported,
  deliveryNotStored,
  headerInvalid,
  headerMissing,
  signatureMissing,
  signatureWrong,
  storageReserved,
} from './errors.ts';
import { type BodyLimits, createReadBody } from './read-body.ts';
import { answer, httpStatus, refuse } from './refuse.ts';
import { allowedSigner, bodyText, type Signer, signersThatFit } from './signer.ts';

/** Answers one request; never rejects. */
export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** GitHub's own limit for a body, the time one may take, and the memory all in flight may hold; a part of it is kept for small ones. */
const BODY_LIMITS: BodyLimits = {
  bodyBytes: 25 * 1024 * 1024,
  bodyMs: 10_000,
  inFlightBytes: 256 * 1024 * 1024,
};

/** What the handler needs of other parts; `onStored` is called for each new delivery, after its commit. */
type WebhookParts = {
  /** Who may have signed a delivery for an App of this id; called for each delivery, so that a new one counts at once. */
  signersFor: (targetId: string | undefined) => Promise<readonly Signer[]>;
  deliveries: Pick<DeliveryStore, 'store'>;
  log: Logger;
  clock: Clock;
  onStored: (id: string) => void;
  /** Whether there is room on the disk for one more; every delivery is refused until there is. */
  canAccept: () => Promise<boolean>;
  limits?: BodyLimits;
};

/**
 * The handler of `POST /webhooks/github`. The order is the protocol: headers, size, that it is UTF-8, signature, and
 * only then is the body parsed, checked against what its signer may bring, stored and, once committed, answered with 202.
 * Nothing of an unsigned body is parsed, logged or kept.
 */
export function createWebhookHandler(parts: WebhookParts): WebhookHandler {
  const { log, clock } = parts;
  const readBody = createReadBody(parts.limits ?? BODY_LIMITS, clock);

  const store = async (delivery: NewDelivery): Promise<{ duplicateOf: string | null }> => {
    try {
      return await parts.deliveries.store(delivery);
    } catch (error) {
      throw deliveryNotStored(error);
    }
  };

  const accept = async (request: IncomingMessage, response: ServerResponse, known: Known): Promise<void> => {
    const headers = readHeaders(request.headers);
    if (!(await parts.canAccept())) throw storageReserved();
    const body = await readBody(request, response);
    try {
      const text = bodyText(body.bytes);
      const signers = await parts.signersFor(headers.targetId);
      const signed = await signersThatFit(signers, { text, signature: headers.signature });
      if (signed.length === 0) throw signatureWrong();
      Object.assign(known, { delivery: headers.id, event: headers.event });
      const { duplicateOf } = await store(readDelivery(headers, { body: body.bytes, signed }));
      const status = duplicateOf === null ? 'accepted' : 'duplicate';
      answer(response, 202, { delivery: headers.id, status });
      const isReplay = duplicateOf !== null && duplicateOf !== headers.id;
      if (isReplay) log.info({ ...known, duplicateOf }, 'these bytes were delivered before');
      else log.debug({ ...known, duplicateOf: duplicateOf ?? undefined }, `delivery ${status}`);
      if (duplicateOf === null) parts.onStored(headers.id);
    } finally {
      body.release();
    }
  };

  return async (request, response) => {
    const known: Known = {};
    try {
      await accept(request, response, known);
    } catch (error) {
      logRefusal(log, error, { ...known, remote: request.socket.remoteAddress });
      refuse({ request, response }, error, clock);
    }
  };
}

/** What may be logged of a request: none of its own claims before its signature was verified. */
type Known = { delivery?: string; event?: string };

function logRefusal(log: Logger, error: unknown, known: Known & { remote: string | undefined }): void {
  const { code, message, cause } = asFlowError(error);
  const status = httpStatus(error);
  if (status >= 500) log.error({ ...known, code, status, err: cause ?? error }, message);
  else log.warn({ ...known, code, status }, known.delivery ? message : 'request refused');
}

function readDelivery(
  headers: DeliveryHeaders,
  { body, signed }: { body: Buffer; signed: readonly Signer[] },
): NewDelivery {
  const { id, event } = headers;
  const read = readEvent({ deliveryId: id, event, body });
  const { app } = allowedSigner(signed, read);
  return {
    id,
    event,
    headers: headers.kept,
    body,
    action: read.action ?? null,
    repository: read.repository?.fullName ?? null,
    uniqueBody: hasUniqueBody(read.payload),
    signedBy: app,
  };
}

/** The headers of a delivery, read before a byte of its body. */
type DeliveryHeaders = {
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
function readHeaders(headers: IncomingHttpHeaders): DeliveryHeaders {
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
