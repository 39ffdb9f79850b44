import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { signatureOf, signedHeaders } from '../support/github/signed-request.ts';
import { type Answer, type ListenerOptions, startListener } from '../support/service/public-listener.ts';

const BODY = JSON.stringify({ action: 'created', comment: { id: 1, created_at: '2030-01-01T00:00:00Z' } });
const FORM = 'application/x-www-form-urlencoded';

function refused(answer: Answer, status: number, code: string): void {
  expect(answer.json).toEqual({
    error: { code, message: expect.stringMatching(/\.$/), hint: expect.stringMatching(/\.$/) },
  });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
}

describe('an accepted delivery', () => {
  test('an accepted delivery is stored before it is answered', async () => {
    const { post, store, stored } = await startListener();
    const answer = await post(BODY, { 'x-github-delivery': 'one' });
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ delivery: 'one', status: 'accepted' });
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(await store.body('one')).toEqual(Buffer.from(BODY));
    expect(await store.find('one')).toMatchObject({
      event: 'issue_comment',
      action: 'created',
      decision: null,
    });
    expect(stored).toEqual(['one']);
  });

  test('an accepted delivery may be signed with the previous secret while rotating, and not with an older one', async () => {
    const { post } = await startListener({ secrets: ['the-secret-of-today-', 'the-secret-of-before'] });
    const signed = (secret: string, body: string) =>
      post(body, { 'x-hub-signature-256': signatureOf(body, secret) });
    expect((await signed('the-secret-of-today-', '{"a":1}')).status).toBe(202);
    expect((await signed('the-secret-of-before', '{"a":2}')).status).toBe(202);
    refused(await signed('the-secret-of-old---', '{"a":3}'), 401, 'signature_wrong');
  });

  test('an accepted delivery that comes again by id or by bytes is a duplicate, and nobody is told of it', async () => {
    const { post, stored } = await startListener();
    await post(BODY, { 'x-github-delivery': 'one' });
    const byId = await post('{"other": 1}', { 'x-github-delivery': 'one' });
    expect([byId.status, byId.json]).toEqual([202, { delivery: 'one', status: 'duplicate' }]);
    const byBytes = await post(BODY, { 'x-github-delivery': 'two', 'x-github-event': 'push' });
    expect([byBytes.status, byBytes.json]).toEqual([202, { delivery: 'two', status: 'duplicate' }]);
    expect(stored).toEqual(['one']);
  });

  test('an accepted delivery may be a ping', async () => {
    const { post, store } = await startListener();
    const ping = JSON.stringify({
      zen: 'Design for failure.',
      hook_id: 1,
      hook: { id: 1, events: ['push'] },
    });
    const answer = await post(ping, { 'x-github-event': 'ping', 'x-github-delivery': 'ping-1' });
    expect([answer.status, answer.json.status]).toEqual([202, 'accepted']);
    expect(await store.find('ping-1')).toMatchObject({ event: 'ping', action: null, repository: null });
  });

  test('an accepted delivery may say its content type and its encoding in other words for the same thing', async () => {
    const { post } = await startListener();
    const said = [
      { 'content-type': 'application/json; charset=utf-8' },
      { 'content-type': 'Application/JSON' },
      { 'content-encoding': 'identity' },
    ];
    for (const [index, headers] of said.entries())
      expect((await post(`{"a": ${index}}`, headers)).status).toBe(202);
  });

  test('an accepted delivery may carry 25 MB', async () => {
    const { post, store } = await startListener();
    const body = `{"a":"${'x'.repeat(25 * 1024 * 1024 - 8)}"}`;
    expect(body.length).toBe(25 * 1024 * 1024);
    const answer = await post(body, { 'x-github-delivery': 'big' });
    expect(answer.status).toBe(202);
    expect((await store.body('big'))?.toString() === body).toBe(true);
    refused(await post(`${body} `), 413, 'body_too_large');
  });
});

describe('a request that is no delivery', () => {
  const BAD: [string, number, string, string, Record<string, string | undefined>][] = [
    [
      'a form',
      415,
      'content_type_unsupported',
      `payload=${encodeURIComponent(BODY)}`,
      { 'content-type': FORM },
    ],
    ['plain text', 415, 'content_type_unsupported', BODY, { 'content-type': 'text/plain' }],
    ['JSON by another name', 415, 'content_type_unsupported', BODY, { 'content-type': 'application/jsonp' }],
    ['a compressed body', 415, 'content_encoding_unsupported', BODY, { 'content-encoding': 'gzip' }],
    ['no event', 400, 'header_missing', BODY, { 'x-github-event': undefined }],
    ['an empty event', 400, 'header_missing', BODY, { 'x-github-event': '' }],
    ['no delivery id', 400, 'header_missing', BODY, { 'x-github-delivery': undefined }],
    ['an event in capitals', 400, 'header_invalid', BODY, { 'x-github-event': 'Issue_Comment' }],
    ['an id that is a path', 400, 'header_invalid', BODY, { 'x-github-delivery': '../../etc/passwd' }],
    ['an id without end', 400, 'header_invalid', BODY, { 'x-github-delivery': 'a'.repeat(65) }],
    ['an id in another script', 400, 'header_invalid', BODY, { 'x-github-delivery': 'é' }],
    ['no signature', 401, 'signature_missing', BODY, { 'x-hub-signature-256': undefined }],
    [
      'a signature of other bytes',
      401,
      'signature_wrong',
      BODY,
      { 'x-hub-signature-256': signatureOf('{}') },
    ],
    ['a signature that is none', 401, 'signature_wrong', BODY, { 'x-hub-signature-256': 'sha256=nothing' }],
    ['no body', 401, 'signature_wrong', '', {}],
    ['half a body', 400, 'delivery_not_json', BODY.slice(0, 20), {}],
    ['a list', 400, 'delivery_not_object', '[1]', {}],
    ['null', 400, 'delivery_not_object', 'null', {}],
    ['a text', 400, 'delivery_not_object', '"text"', {}],
    ['a field of the wrong type', 400, 'delivery_wrong_type', '{"action": 5}', {}],
  ];

  test.each(BAD)('with %s is answered %i %s', async (_name, status, code, body, headers) => {
    const { post, store, stored } = await startListener();
    refused(await post(body, headers), status, code);
    expect(await store.list({ limit: 10 })).toEqual([]);
    expect(stored).toEqual([]);
  });

  test('a request that is no delivery that is a form is told what to change', async () => {
    const { post } = await startListener();
    const { json } = await post(`payload=${BODY}`, { 'content-type': FORM });
    const { message, hint } = json.error as { message: string; hint: string };
    expect(message).toContain('form');
    expect(hint).toContain('"Content type" to application/json');
  });

  test('whose bytes are not UTF-8 is refused before its signature counts, however it is signed', async () => {
    const { post } = await startListener();
    refused(
      await post(Buffer.from([...Buffer.from('{"a": "'), 0xff, 0xfe, ...Buffer.from('"}')])),
      400,
      'body_not_utf8',
    );
    refused(await post(Buffer.from(`\ufeff${BODY}`, 'utf16le')), 400, 'body_not_utf8');
    const invalid = Buffer.from([0x7b, 0xff, 0x7d]);
    const replaced = { 'x-hub-signature-256': signatureOf('{\ufffd}') };
    refused(await post(invalid, replaced), 400, 'body_not_utf8');
  });

  test('a request that is no delivery with a hundred thousand lists in lists neither crashes nor is refused for it', async () => {
    const { post } = await startListener();
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect((await post(`{"a": ${deep}}`)).status).toBe(202);
    refused(await post(deep), 400, 'delivery_not_object');
    refused(await post('['.repeat(1_000_000)), 400, 'delivery_not_json');
    const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    expect((await post(objects)).status).toBe(202);
  });

  test('a request that is no delivery is neither logged nor kept when it is not signed', async () => {
    const { post, log, store } = await startListener();
    const marks = { 'x-github-delivery': 'delivery-of-a-stranger', 'user-agent': 'agent-of-a-stranger' };
    const body = '{"text": "words of an outside user"}';
    await post(body, { ...marks, 'x-hub-signature-256': signatureOf(body, 'a wrong secret') });
    await post(body, { ...marks, 'x-hub-signature-256': undefined });
    await post(body, { ...marks, 'content-type': 'text/of-a-stranger' });
    await post(body, { ...marks, 'x-github-event': 'Event-Of-A-Stranger' });
    expect(log.length).toBe(4);
    expect(log.join('')).not.toMatch(/stranger/i);
    expect(log.join('')).toContain('signature_wrong');
    expect(await store.list({ limit: 10 })).toEqual([]);
  });
});

describe('when the database cannot store', () => {
  test('the sender is told to come again, and the log says why', async () => {
    const deliveries: ListenerOptions['deliveries'] = () => ({
      store: async () => {
        throw new Error('the disk is full of cheese');
      },
    });
    const { post, log, stored } = await startListener({ deliveries });
    const answer = await post(BODY, { 'x-github-delivery': 'lost' });
    refused(answer, 503, 'delivery_not_stored');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(answer.json)).not.toContain('cheese');
    expect(log.join('')).toContain('cheese');
    expect(log.join('')).toContain('lost');
    expect(stored).toEqual([]);
  });

  test('it is not accepted though the database is there but closed', async () => {
    const { post, db } = await startListener();
    await db.close();
    refused(await post(BODY), 503, 'delivery_not_stored');
  });
});

describe('many at once', () => {
  test('many at once are each answered for themselves', async () => {
    const { post, store } = await startListener();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        post(`{"n": ${index >> 1}}`, { 'x-github-delivery': `d-${index >> 1}` }),
      ),
    );
    const count = (status: string): number => answers.filter(({ json }) => json.status === status).length;
    expect([count('accepted'), count('duplicate')]).toEqual([150, 150]);
    expect((await store.list({ limit: 1000 })).length).toBe(150);
  });

  test('share the memory that bodies may hold, and the next one is told to come again', async () => {
    const { server, post, connect } = await startListener({ body: { inFlightBytes: 3_000_000 } });
    const headers = { host: 'localhost', 'content-length': '2000000' };
    const lines = Object.entries(signedHeaders('', headers)).map(([name, value]) => `${name}: ${value}\r\n`);
    const slow = connect();
    slow.socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.join('')}\r\n${'x'.repeat(1_999_999)}`);
    await once(slow.socket, 'drain');
    // The listener is in this process: what the connection has flushed is read between these answers.
    for (let turn = 0; turn < 50; turn += 1) await post(`{"turn": ${turn}}`);
    const body = `{"a":"${'x'.repeat(1_500_000)}"}`;
    const answer = await post(body);
    refused(answer, 503, 'service_busy');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post('{"small": 1}')).status).toBe(202);
    slow.socket.write('x');
    expect(await slow.until(/\r\n\r\n.*\}/s)).toContain('signature_wrong');
    expect((await post(body.replace('a', 'b'))).status).toBe(202);
    expect(server.url).toContain('127.0.0.1');
  });
});

describe('while large bodies that nobody signed fill their memory', () => {
  const LARGE = 655_000;
  const head = (length: string): string => {
    const headers = Object.entries(signedHeaders('', { host: 'localhost' }));
    const lines = [...headers.map(([name, value]) => `${name}: ${value}`), length];
    return `POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  };

  test.each([
    ['say how long they are', head(`content-length: ${LARGE}`)],
    ['come in chunks', `${head('transfer-encoding: chunked')}${LARGE.toString(16)}\r\n`],
  ])('and %s, small deliveries are accepted, and a large one is told to come again', async (_how, start) => {
    const { post, connect } = await startListener({ body: { inFlightBytes: 3_000_000 } });
    for (let each = 0; each < 4; each += 1) connect().socket.write(`${start}${'x'.repeat(LARGE - 1)}`);
    for (let more = 0; more < 8; more += 1) connect().socket.write(`${start}${'x'.repeat(260_000)}`);
    // The listener is in this process: what the connections have flushed is read between these answers.
    for (let turn = 0; turn < 50; turn += 1) expect((await post(`{"turn": ${turn}}`)).status).toBe(202);
    refused(await post(`{"a":"${'x'.repeat(600_000)}"}`), 503, 'service_busy');
    const small = Array.from({ length: 20 }, (_, n) => `{"n":${n},"a":"${'x'.repeat(200_000)}"}`);
    for (const body of small) expect((await post(body)).status).toBe(202);
  });

  test('small deliveries that do not say how long they are are accepted too, and those that do however many of them come', async () => {
    const { post, connect } = await startListener({ body: { inFlightBytes: 3_000_000 } });
    for (let each = 0; each < 12; each += 1)
      connect().socket.write(`${head(`content-length: ${LARGE}`)}${'x'.repeat(LARGE - 1)}`);
    for (let turn = 0; turn < 50; turn += 1) expect((await post(`{"turn": ${turn}}`)).status).toBe(202);
    const chunked = async (n: number): Promise<string> => {
      const body = `{"n":${n},"b":"${'x'.repeat(200_000)}"}`;
      const connection = connect();
      const headers = signedHeaders(body, { host: 'localhost', 'transfer-encoding': 'chunked' });
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const [first, second] = [body.slice(0, 100_001), body.slice(100_001)];
      const chunks = [first, second, ''].map((each) => `${each.length.toString(16)}\r\n${each}\r\n`);
      connection.socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.join('')}\r\n${chunks.join('')}`);
      return await connection.until(/\r\n\r\n.*\}/s);
    };
    for (let n = 0; n < 20; n += 1) expect(await chunked(n)).toContain('HTTP/1.1 202');
    for (let each = 0; each < 20; each += 1)
      connect().socket.write(`${head('transfer-encoding: chunked')}30d40\r\n${'x'.repeat(150_000)}`);
    for (let turn = 50; turn < 100; turn += 1) expect((await post(`{"turn": ${turn}}`)).status).toBe(202);
    expect(await chunked(20)).toContain('HTTP/1.1 503');
  });
});

test('a disk that is too full is told before the body is read, with when to come again', async () => {
  let hasRoom = false;
  const { post, store } = await startListener({ canAccept: async () => hasRoom });
  const refused = await post('{"a": 1}', { 'x-github-delivery': 'd-1' });
  expect(refused).toMatchObject({ status: 503, json: { error: { code: 'disk_too_full' } } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await store.find('d-1')).toBeUndefined();
  hasRoom = true;
  expect((await post('{"a": 1}', { 'x-github-delivery': 'd-1' })).status).toBe(202);
});
