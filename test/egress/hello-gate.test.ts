import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHelloGate } from '../../src/egress/proxy/hello-gate.ts';
import {
  handshake,
  helloBody,
  helloFor,
  realHello,
  records,
  serverNames,
  sized,
  type TestExtension,
} from '../support/network/client-hello.ts';
import { size } from '../support/suite/size.ts';

const HOST = 'api.example.org';
const CHANGE_CIPHER = Buffer.from([20, 3, 3, 0, 1, 1]);
const ALERT = Buffer.from([21, 3, 3, 0, 2, 1, 90]);
const DATA = records(Buffer.alloc(100, 0xaa), 100, 23);
const KEY_EXCHANGE = records(handshake(Buffer.alloc(60), 16));
const EARLY_DATA: TestExtension = { type: 42, data: Buffer.alloc(0) };

/** What a gate says of these chunks: the bytes it let through, and its last word. */
function pass(...chunks: Buffer[]): { state: string; bytes: Buffer } {
  const gate = createHelloGate(HOST);
  const passed: Buffer[] = [];
  let state = 'waiting';
  for (const chunk of chunks) {
    const step = gate.push(chunk);
    if (step.state === 'refused') return { state: step.refusal.reason, bytes: Buffer.concat(passed) };
    passed.push(...step.bytes);
    state = step.state;
  }
  return { state, bytes: Buffer.concat(passed) };
}

function verdict(body: Buffer): string {
  return pass(records(handshake(body))).state;
}

function pieces(bytes: Buffer, length: number): Buffer[] {
  const count = Math.ceil(bytes.length / length);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}

describe('a ClientHello of Node’s own TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'passes byte for byte where it names the host, with %s',
    async (version) => {
      const bytes = await realHello({ servername: HOST, minVersion: version, maxVersion: version });
      expect(pass(bytes)).toEqual({ state: 'watching', bytes });
    },
  );

  test('a ClientHello of Node’s own TLS is refused where it names another host, or none', async () => {
    const other = await realHello({ servername: 'evil.example.org' });
    expect(pass(other)).toEqual({ state: 'egress_name_differs', bytes: Buffer.alloc(0) });
    expect(pass(await realHello({})).state).toBe('egress_name_missing');
  });

  test('a ClientHello of Node’s own TLS passes however it is cut, and nothing of it before it is whole', async () => {
    const bytes = await realHello({ servername: HOST });
    for (const length of [1, 2, 3, 4, 5, 6, 7, 100, bytes.length - 1]) {
      const parts = pieces(bytes, length);
      expect(pass(...parts), `${length}`).toEqual({ state: 'watching', bytes });
      expect(pass(...parts.slice(0, -1)), `${length}`).toEqual({ state: 'waiting', bytes: Buffer.alloc(0) });
    }
  });

  test('a ClientHello of Node’s own TLS passes in records of any size, cut anywhere', async () => {
    const whole = await realHello({ servername: HOST });
    const message = whole.subarray(5);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }), (record, chunk) => {
        const bytes = records(message, record);
        expect(pass(...pieces(bytes, chunk))).toEqual({ state: 'watching', bytes });
      }),
      { numRuns: size(200, 5000) },
    );
  });
});

describe('the name in a ClientHello', () => {
  test.each(['API.Example.ORG', 'api.example.org.'])('is the same as %s', (name) => {
    expect(pass(helloFor(name)).state).toBe('watching');
  });

  test.each([
    'example.org',
    'x.api.example.org',
    'api.example.org.evil.org',
    'api.example.org\0',
    'api.example.org\0.evil.org',
    ' api.example.org',
    'api.example.org ',
    'api.example.org..',
    '*.example.org',
    '10.0.0.1',
    'api.example.org:443',
    '\u00e4pi.example.org',
    'api\uff0eexample\uff0eorg',
    'a'.repeat(20_000),
  ])('is not the same as %j', (name) => {
    expect(pass(helloFor(name)).state).toBe('egress_name_differs');
  });

  test('the name in a ClientHello is not the same where only the way of writing other alphabets would make it so', () => {
    for (const wrong of ['\u00aapi.example.org', 'a\u00adpi.example.org']) {
      const name = Buffer.from(wrong, 'latin1');
      expect(verdict(helloBody(serverNames({ name })))).toBe('egress_name_differs');
    }
  });

  test('the name in a ClientHello is refused when there are two, none, another kind or a wrong length', () => {
    const good = { name: HOST };
    const bodies = [
      helloBody(serverNames(good, good)),
      helloBody(serverNames(good, { name: 'evil.example.org' })),
      helloBody(serverNames({ kind: 1, name: 'x' }, good)),
      helloBody(serverNames({ kind: 1, name: HOST })),
      helloBody(serverNames()),
      helloBody(serverNames({ name: '' })),
      helloBody(serverNames(good), serverNames({ name: 'evil.example.org' })),
      helloBody(serverNames(good), serverNames(good)),
      helloBody({ type: 0, data: Buffer.alloc(0) }),
      helloBody({ type: 0, data: Buffer.concat([serverNames(good).data, Buffer.from([0])]) }),
      helloBody({ type: 0, data: sized(2, Buffer.from([0, 0, 200, 97])) }),
    ];
    expect(bodies.map(verdict)).toEqual(bodies.map(() => 'egress_not_tls'));
  });

  test('the name in a ClientHello is refused as missing when there are no extensions, or only others', () => {
    expect(verdict(helloBody())).toBe('egress_name_missing');
    expect(verdict(helloBody({ type: 10, data: Buffer.from([0, 2, 0, 23]) }))).toBe('egress_name_missing');
  });

  test('the name in a ClientHello is refused when it may be hidden in an encrypted ClientHello, of the draft before it too', () => {
    for (const type of [0xfe0d, 0xffce]) {
      const data = Buffer.alloc(100);
      expect(verdict(helloBody(serverNames({ name: HOST }), { type, data }))).toBe('egress_name_hidden');
    }
  });

  test('the name in a ClientHello is refused when bytes follow the ClientHello inside its record', () => {
    const message = handshake(helloBody(serverNames({ name: HOST })));
    const other = handshake(helloBody(serverNames({ name: 'evil.example.org' })));
    expect(pass(records(Buffer.concat([message, Buffer.from([0])]))).state).toBe('egress_not_tls');
    expect(pass(records(Buffer.concat([message, other]))).state).toBe('egress_not_tls');
    const longer = records(Buffer.concat([message, Buffer.from([0])]));
    expect(pass(longer.subarray(0, -1), longer.subarray(-1)).state).toBe('egress_not_tls');
  });
});

describe('what is not TLS', () => {
  test.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: api.example.org\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['SMTP', 'EHLO api.example.org\r\n'],
    ['zeros', '\0\0\0\0\0\0'],
  ])('%s is refused in its first byte', (_name, text) => {
    expect(pass(Buffer.from(text).subarray(0, 1)).state).toBe('egress_not_tls');
  });

  test('what is not TLS is also SSL 2, a record too long, empty or of no known type, and data or an alert before a hello', () => {
    const wrong = [
      Buffer.from([0x80, 0x2e, 1, 3, 1]),
      Buffer.from([22, 2, 0]),
      Buffer.from([22, 3, 9]),
      Buffer.from([22, 3, 1, 0xff, 0xff]),
      Buffer.from([22, 3, 1, 0, 0]),
      Buffer.from([24, 3, 3]),
      CHANGE_CIPHER,
      ALERT,
      DATA,
      KEY_EXCHANGE,
      records(handshake(Buffer.alloc(100), 2)),
      Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]),
    ];
    expect(wrong.map((bytes) => pass(bytes).state)).toEqual(wrong.map(() => 'egress_not_tls'));
  });

  test('what is not TLS is also a ClientHello that never ends', () => {
    const endless = records(Buffer.concat([Buffer.from([1, 0, 0xff, 0xff]), Buffer.alloc(65_000)]), 1);
    expect(pass(...pieces(endless, 1000)).state).toBe('egress_not_tls');
  });

  test('what is not TLS never passes a byte, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (chunks) => {
        const { state, bytes } = pass(...chunks.map((chunk) => Buffer.from(chunk)));
        expect(bytes.length).toBe(0);
        expect(['waiting', 'egress_not_tls', 'egress_name_differs', 'egress_name_missing']).toContain(state);
      }),
      { numRuns: size(1000, 100_000) },
    );
  });

  test('what is not TLS never passes with another name, whatever becomes of the bytes of a good hello', async () => {
    const good = await realHello({ servername: HOST });
    const at = good.indexOf(HOST);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.from(good);
          for (const [place, byte] of changes) bytes[place] = byte;
          const { state, bytes: passed } = pass(bytes);
          const name = bytes.subarray(at, at + HOST.length).toString('latin1');
          if (state === 'watching') expect(name.toLowerCase()).toBe(HOST);
          else expect(passed.length).toBe(0);
        },
      ),
      { numRuns: size(1000, 200_000) },
    );
  });
});

describe('after the ClientHello', () => {
  const hello = helloFor(HOST);
  const evil = helloFor('evil.example.org');

  test.each([
    ['data', DATA],
    ['the key exchange of TLS 1.2', KEY_EXCHANGE],
  ])('%s opens the gate for good', (_name, next) => {
    expect(pass(hello, next)).toEqual({ state: 'open', bytes: Buffer.concat([hello, next]) });
    const together = Buffer.concat([hello, next, evil]);
    expect(pass(together)).toEqual({ state: 'open', bytes: together });
  });

  test('a second one, which a server of TLS 1.3 may ask for, names the host too', () => {
    expect(pass(hello, CHANGE_CIPHER, hello)).toEqual({
      state: 'open',
      bytes: Buffer.concat([hello, CHANGE_CIPHER, hello]),
    });
    expect(pass(hello, evil)).toEqual({ state: 'egress_name_differs', bytes: hello });
    expect(pass(hello, CHANGE_CIPHER, evil).state).toBe('egress_name_differs');
    expect(pass(hello, ALERT, evil).state).toBe('egress_name_differs');
    expect(pass(Buffer.concat([hello, CHANGE_CIPHER, evil]))).toEqual({
      state: 'egress_name_differs',
      bytes: Buffer.alloc(0),
    });
  });

  test('a second one is held back until it is whole, however it is cut', () => {
    for (const length of [1, 2, 5, 6, 50]) {
      const { state, bytes } = pass(hello, CHANGE_CIPHER, ...pieces(evil, length));
      expect(state).toBe('egress_name_differs');
      expect(bytes).toEqual(Buffer.concat([hello, CHANGE_CIPHER]));
    }
    expect(pass(hello, ...pieces(hello, 1))).toEqual({ state: 'open', bytes: Buffer.concat([hello, hello]) });
  });

  test('a second one cannot hide behind early data', () => {
    const early = helloFor(HOST, EARLY_DATA);
    expect(pass(early, DATA, DATA)).toEqual({ state: 'watching', bytes: Buffer.concat([early, DATA, DATA]) });
    expect(pass(early, DATA, evil)).toEqual({
      state: 'egress_name_differs',
      bytes: Buffer.concat([early, DATA]),
    });
    expect(pass(early, DATA, hello).state).toBe('open');
  });

  test('after the ClientHello nothing that is allowed waits longer than for the header of its record', () => {
    const stream = Buffer.concat([hello, CHANGE_CIPHER, DATA, DATA]);
    const gate = createHelloGate(HOST);
    let passed = 0;
    let given = 0;
    for (const piece of pieces(stream, 1)) {
      given += 1;
      const step = gate.push(piece);
      if (step.state === 'refused') throw new Error(step.refusal.message);
      for (const bytes of step.bytes) passed += bytes.length;
      if (given > hello.length) expect(given - passed).toBeLessThanOrEqual(5);
      if (step.state === 'open') break;
    }
    expect(passed).toBe(given);
  });
});
