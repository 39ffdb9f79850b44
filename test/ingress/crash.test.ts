import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openDatabase } from '../../src/db/open.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { signedHeaders } from '../support/github/signed-request.ts';
import { startProgram } from '../support/processes/program.ts';
import { size } from '../support/suite/size.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const CLIENTS = 16;

test('every delivery that was answered is there after kill -9 in the middle of the load', async () => {
  const file = join(await temporaryDirectory(), 'test.db');
  const answered = new Map<string, string>();
  for (let round = 0; round < size(3, 30); round += 1) {
    const service = startProgram('serve-deliveries', [file]);
    const url = `${await service.line()}/webhooks/github`;
    const before = answered.size;
    const client = async (name: number): Promise<void> => {
      for (let number = 0; ; number += 1) {
        const id = `round-${round}-client-${name}-${number}`;
        const body = JSON.stringify({ id, filler: 'x'.repeat(number % 30_000) });
        const headers = signedHeaders(body, { 'x-github-delivery': id });
        const status = await fetch(url, { method: 'POST', headers, body }).then(
          async (response) => ((await response.json()) as { status: string }).status,
          () => undefined,
        );
        if (status === undefined) return;
        expect(status).toBe('accepted');
        answered.set(id, body);
      }
    };
    const load = Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
    while (answered.size < before + 200) await systemClock.sleep(1);
    await systemClock.sleep(Math.random() * 50);
    service.process.kill('SIGKILL');
    await load;
  }
  const db = await openDatabase({ file });
  const store = createDeliveryStore(db, systemClock);
  for (const [id, body] of answered) expect((await store.body(id))?.toString()).toBe(body);
  expect((await store.list({ limit: 1_000_000 })).length).toBeGreaterThanOrEqual(answered.size);
  await db.close();
});
