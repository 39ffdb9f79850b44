/**
 * One of the two servers that `deliveries.ts` compares, in a process of its own: `ours FILE`, the public listener
 * over a database, or `rival`, a bare Express with @octokit/webhooks that stores nothing.
 */
import type { AddressInfo } from 'node:net';
import { Webhooks } from '@octokit/webhooks';
import express from 'express';
import { systemClock } from '../../src/base/clock.ts';
import { openDatabase } from '../../src/db/open.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { startPublicServer } from '../../src/http/public-server.ts';
import { createWebhookHandler } from '../../src/ingress/webhook-route.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { TEST_SECRET } from '../support/github/signed-request.ts';

async function startOurs(file: string): Promise<string> {
  const clock = systemClock;
  const db = await openDatabase({ file });
  const log = createLogger({ level: 'info', redactor: createRedactor() });
  const deliveries = createDeliveryStore(db, clock);
  const webhook = createWebhookHandler({
    signersFor: async () => [{ secrets: [TEST_SECRET], app: null, refuse: () => undefined }],
    deliveries,
    log,
    clock,
    onStored: () => {},
    canAccept: async () => true,
  });
  return (await startPublicServer({ host: '127.0.0.1', port: 0, webhook, log, clock })).url;
}

function startRival(): Promise<string> {
  const webhooks = new Webhooks({ secret: TEST_SECRET });
  const app = express();
  app.post('/webhooks/github', express.text({ type: '*/*', limit: '25mb' }), async (request, response) => {
    const good = await webhooks.verify(request.body, request.get('x-hub-signature-256') ?? '');
    response.status(good ? 202 : 401).json({ ok: good });
  });
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}

const [kind, file = ''] = process.argv.slice(2);
process.stderr.write(`${kind === 'ours' ? await startOurs(file) : await startRival()}\n`);
