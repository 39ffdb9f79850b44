import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { NewDelivery } from '../deliveries/delivery.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { hasUniqueBody, readEvent } from '../events/from-delivery.ts';
import type { Logger } from '../log/logger.ts';
import { deliveryNotStored, signatureWrong, storageReserved } from './errors.ts';
import { type BodyLimits, createReadBody } from './read-body.ts';
import { answer, httpStatus, refuse } from './refuse.ts';
import { type DeliveryHeaders, readHeaders } from './request-headers.ts';
import { allowedSigner, type Signer, signersThatFit } from './signer.ts';
import { bodyText } from './verify.ts';

/** Answers one request; never rejects. */
export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** GitHub's own limit for a body, the time one may take, and the memory all in flight may hold; a part of it is kept for small ones. */
const BODY_LIMITS: BodyLimits = {
  bodyBytes: 25 * 1024 * 1024,
  bodyMs: 10_000,
  inFlightBytes: 256 * 1024 * 1024,
};

/** What the handler needs of other parts; `onStored` hears of each delivery that is new, after its commit. */
type WebhookParts = {
  /** Who may have signed a delivery for an App of this id; asked for each delivery, so that one added counts at once. */
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
 * only then is the body parsed, held against what its signer may bring, stored and, once committed, answered with 202.
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
      const isPlayedAgain = duplicateOf !== null && duplicateOf !== headers.id;
      if (isPlayedAgain) log.info({ ...known, duplicateOf }, 'these bytes were delivered before');
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
