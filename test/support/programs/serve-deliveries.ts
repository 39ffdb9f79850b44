/** `serve-deliveries FILE`: the public listener over a database; prints its URL. */
import { systemClock } from '../../../src/base/clock.ts';
import { openDatabase } from '../../../src/db/open.ts';
import { createDeliveryStore } from '../../../src/deliveries/delivery-store.ts';
import { startPublicServer } from '../../../src/http/public-server.ts';
import { createWebhookHandler } from '../../../src/ingress/webhook-route.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import { TEST_SECRET } from '../github/signed-request.ts';

const clock = systemClock;
const log = createLogger({
  level: 'info',
  redactor: createRedactor(),
  destination: { write: (line) => void process.stderr.write(line) },
});
const db = await openDatabase({ file: process.argv[2] ?? '' });
const webhook = createWebhookHandler({
  signersFor: async () => [{ secrets: [TEST_SECRET], app: null, refuse: () => undefined }],
  deliveries: createDeliveryStore(db, clock),
  log,
  clock,
  onStored: () => {},
  canAccept: async () => true,
});
const { url } = await startPublicServer({ host: '127.0.0.1', port: 0, webhook, log, clock });
process.stdout.write(`${url}\n`);
