import { Webhooks } from '@octokit/webhooks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyText, createVerify } from '../../src/ingress/signer.ts';
import { signatureOf } from '../support/github/signed-request.ts';

const CURRENT = 'the-current-secret-of-the-service';
const PREVIOUS = 'the-secret-of-last-month';

test('what @octokit/webhooks signs is good, under the current and the previous secret', async () => {
  const verify = createVerify([CURRENT, PREVIOUS]);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
      for (const secret of [CURRENT, PREVIOUS]) {
        const signature = await new Webhooks({ secret }).sign(text);
        expect(await verify(bodyText(Buffer.from(text)), signature)).toBe(true);
      }
      const stranger = await new Webhooks({ secret: 'a-secret-of-somebody-else' }).sign(text);
      expect(await verify(text, stranger)).toBe(false);
    }),
  );
});

test('what is signed over bytes is good for the text that they are, and one changed bit is seen', async () => {
  const verify = createVerify([CURRENT]);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), async (noise, at) => {
      const bytes = Buffer.from(Buffer.from(noise).toString('utf8'));
      const signature = signatureOf(bytes, CURRENT);
      expect(await verify(bodyText(bytes), signature)).toBe(true);
      const changed = Buffer.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ (1 << (at % 8));
      const text = textOrNone(changed);
      expect(text !== undefined && (await verify(text, signature))).toBe(false);
    }),
  );
});

test('a text stands for its bytes alone: what is no UTF-8 is refused, a byte order mark stays', async () => {
  const wrong = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x7b, 0xe2, 0x82]];
  for (const bytes of wrong) expect(textOrNone(Buffer.from(bytes))).toBeUndefined();
  const marked = Buffer.from('\ufeff{"a": 1}');
  expect(Buffer.from(bodyText(marked))).toEqual(marked);
  expect(await createVerify([CURRENT])(bodyText(marked), signatureOf('{"a": 1}', CURRENT))).toBe(false);
  const part = Buffer.concat([Buffer.from([0xff]), marked]).subarray(1);
  expect(bodyText(part)).toBe(bodyText(marked));
});

test('a value that is no signature is never good', async () => {
  const body = '{}';
  const good = signatureOf(body, CURRENT);
  const wrong = [
    '',
    'sha256=',
    good.slice(7),
    good.toUpperCase(),
    `${good}0`,
    `${good}, ${good}`,
    ` ${good}`,
    good.replace('sha256', 'sha1'),
    good.slice(0, -1),
    `sha256=${'é'.repeat(64)}`,
  ];
  for (const signature of wrong) expect(await createVerify([CURRENT])(body, signature)).toBe(false);
  expect(await createVerify([])(body, good)).toBe(false);
  expect(await createVerify([CURRENT])('', signatureOf('', CURRENT))).toBe(false);
});

test('a secret that is gone is not remembered for the next check', async () => {
  const signature = signatureOf('{}', PREVIOUS);
  expect(await createVerify([CURRENT, PREVIOUS])('{}', signature)).toBe(true);
  expect(await createVerify([CURRENT])('{}', signature)).toBe(false);
  const many = Array.from({ length: 300 }, (_, index) => `secret-number-${index}-of-many`);
  expect(await createVerify(many)('{}', signatureOf('{}', many[299] ?? ''))).toBe(true);
});

function textOrNone(bytes: Buffer): string | undefined {
  try {
    return bodyText(bytes);
  } catch (error) {
    expect(error).toMatchObject({ status: 400, code: 'body_not_utf8' });
    return undefined;
  }
}
