import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { rawDelivery, signatureOf } from '../support/github/signed-request.ts';
import { webhookExamples } from '../support/github/webhook-examples.ts';
import { rawConnection, startListener } from '../support/service/public-listener.ts';
import { createRandom, type Random } from '../support/suite/random.ts';
import { size } from '../support/suite/size.ts';

const SEED = 20_300_101;
const CONNECTIONS = 64;
const ANSWER = /^HTTP\/1.1 (?!100)(\d+) .*\r\n\r\n./ms;
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  '\ud800',
  '\u0000',
  '../..',
  [],
  {},
  [[]],
  { id: {} },
  ['a'],
  { length: -1 },
  { __proto__: null, constructor: 1 },
  'x'.repeat(100_000),
];
const ODD_HEADERS = [
  '',
  ' ',
  '0',
  'é',
  'a'.repeat(5000),
  '{{x}}',
  '../../x',
  'null',
  'sha256=',
  'application/json',
];

/** Replaces, removes or adds something somewhere in `value`. */
function bend(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.below(6) === 0) return random.pick(ODD);
  const copy: Record<string, unknown> = Array.isArray(value) ? (value.slice() as never) : { ...value };
  const key = random.pick(Object.keys(copy)) ?? 'x';
  const way = random.below(8);
  if (way === 0) delete copy[key];
  else if (way === 1)
    copy[random.pick(['__proto__', 'constructor', 'toString', 'sender', 'comment'])] = random.pick(ODD);
  else copy[key] = bend(copy[key], random);
  return copy;
}

/** Flips, cuts, doubles or inserts bytes. */
function break_(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const part = bytes.subarray(at, at + random.below(64));
  const noise = Buffer.from(Array.from({ length: random.below(8) }, () => random.below(256)));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const ways = [
    () => Buffer.concat([before, noise, bytes.subarray(at + noise.length)]),
    () => before,
    () => Buffer.concat([before, part, after]),
    () => Buffer.concat([before, noise, after]),
  ];
  return random.pick(ways)();
}

function makeRequest(random: Random): Buffer {
  const { event, payload } = random.pick(EXAMPLES);
  const bent = random.below(3) === 0 ? payload : bend(payload, random);
  let body: Buffer = Buffer.from(JSON.stringify(bent) ?? '');
  if (random.below(3) === 0) body = break_(body, random);
  const headers: Record<string, string | undefined> = { 'x-github-event': event };
  const name = random.pick([
    'x-github-event',
    'x-github-delivery',
    'x-hub-signature-256',
    'content-type',
    'x-y',
    'expect',
  ]);
  if (random.below(8) === 0) headers[name] = random.pick(ODD_HEADERS);
  if (random.below(8) === 0)
    headers['x-hub-signature-256'] = signatureOf(body, 'the secret of somebody else');
  const request = rawDelivery(body, headers);
  return random.below(8) === 0 ? break_(request, random) : request;
}

const EXAMPLES = webhookExamples();

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What the first leaves to be swept beside the program, the second has gone.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(
  'no request, however bent, gets an error of ours, stops the listener or stays in memory',
  async () => {
    const { server, log, post } = await startListener({
      limits: { headersMs: 300, idleMs: 1000 },
      body: { bodyMs: 200 },
    });
    const random = createRandom(SEED);
    const statuses = new Map<string, number>();
    const send = async (): Promise<void> => {
      const connection = rawConnection(server.url);
      connection.socket.write(makeRequest(random));
      connection.socket.on('data', () => ANSWER.test(connection.text()) && connection.socket.end());
      await connection.closed;
      const status = ANSWER.exec(connection.text())?.[1] ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      log.length = 0;
      if (status === 'none' || status.startsWith('5'))
        throw new Error(`seed ${SEED}: ${JSON.stringify(connection.text())}`);
    };
    const sendMany = async (count: number): Promise<void> => {
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) await send();
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, client));
    };
    const total = size(1000, 50_000);
    await sendMany(total / 4);
    const before = usedBytes();
    await sendMany((total * 3) / 4);
    expect(usedBytes() - before).toBeLessThan(30_000_000);
    for (const status of ['202', '400', '401', '415']) expect(statuses.get(status)).toBeGreaterThan(0);
    expect((await post('{"still": "there"}')).status).toBe(202);
  },
  size(60_000, 1_800_000),
);
