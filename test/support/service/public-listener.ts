import { connect as connectTo, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createDeliveryStore, type DeliveryStore } from '../../../src/deliveries/delivery-store.ts';
import { type PublicLimits, startPublicServer } from '../../../src/http/public-server.ts';
import type { BodyLimits } from '../../../src/ingress/read-body.ts';
import type { Signer } from '../../../src/ingress/signer.ts';
import { createWebhookHandler } from '../../../src/ingress/webhook-route.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import { openNewSqlite } from '../databases/migrated.ts';
import { signedHeaders, TEST_SECRET } from '../github/signed-request.ts';
import { temporaryDirectory } from '../suite/temporary.ts';

/** What a test may change of a listener. */
export type ListenerOptions = {
  secrets?: readonly string[];
  signersFor?: (targetId: string | undefined) => Promise<readonly Signer[]>;
  body?: Partial<BodyLimits>;
  limits?: Partial<PublicLimits>;
  canAccept?: () => Promise<boolean>;
  deliveries?: (store: DeliveryStore) => Pick<DeliveryStore, 'store'>;
};

/** The answer to a delivery. */
export type Answer = { status: number; headers: Headers; json: Record<string, unknown> };

/** The public listener over a real database, closed when the test is over. `log` is all it logged, `stored` what `onStored` heard. */
export async function startListener(options: ListenerOptions = {}) {
  const log: string[] = [];
  const stored: string[] = [];
  const logger = createLogger({
    level: 'debug',
    redactor: createRedactor(),
    destination: { write: (line) => log.push(line) },
  });
  const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  const store = createDeliveryStore(db, systemClock);
  const webhook = createWebhookHandler({
    signersFor:
      options.signersFor ??
      (async () => [{ secrets: options.secrets ?? [TEST_SECRET], app: null, refuse: () => undefined }]),
    deliveries: options.deliveries?.(store) ?? store,
    log: logger,
    clock: systemClock,
    onStored: (id) => void stored.push(id),
    canAccept: options.canAccept ?? (async () => true),
    limits: {
      bodyBytes: 25 * 1024 * 1024,
      bodyMs: 10_000,
      inFlightBytes: 256 * 1024 * 1024,
      ...options.body,
    },
  });
  const server = await startPublicServer({
    host: '127.0.0.1',
    port: 0,
    webhook,
    log: logger,
    clock: systemClock,
    limits: { headersMs: 10_000, requestMs: 25_000, idleMs: 30_000, ...options.limits },
  });
  onTestFinished(async () => {
    await server.close();
    await db.close();
  });
  const connect = (): RawConnection => {
    const connection = rawConnection(server.url);
    onTestFinished(() => void connection.socket.destroy());
    return connection;
  };
  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    over: Record<string, string | undefined> = {},
  ): Promise<Answer> => {
    const response = await fetch(`${server.url}/webhooks/github`, {
      method: 'POST',
      headers: signedHeaders(body, over),
      body,
    });
    return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) };
  };
  return { server, store, db, log, stored, post, connect };
}

/** A connection on which a test writes bytes as it likes; `text` is all that came back, `closed` resolves at its end. */
export type RawConnection = {
  socket: Socket;
  text(): string;
  /** Waits until what came back fits. */
  until(pattern: RegExp): Promise<string>;
  closed: Promise<void>;
};

/** Connects to a listener; the caller closes it. */
export function rawConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connectTo({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on('end', () => socket.end()).on('close', () => resolve());
  });
  return {
    socket,
    text: () => text,
    closed,
    until: async (pattern) => {
      while (!pattern.test(text)) {
        if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(text)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return text;
    },
  };
}
