import { Webhooks } from '@octokit/webhooks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVerify } from '../../src/ingress/verify.ts';
import { signatureOf } from '../support/signed-request.ts';

const CURRENT = 'the-current-secret-of-the-service';
const PREVIOUS = 'the-secret-of-last-month';

test('what @octokit/webhooks signs is good, under the current and the previous secret', async () => {
  const verify = createVerify([CURRENT, PREVIOUS]);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
      for (const secret of [CURRENT, PREVIOUS]) {
        const signature = await new Webhooks({ secret }).sign(text);
        expect(verify(Buffer.from(text), signature)).toBe(true);
      }
      const stranger = await new Webhooks({ secret: 'a-secret-of-somebody-else' }).sign(text);
      expect(verify(Buffer.from(text), stranger)).toBe(false);
    }),
  );
});

test('any bytes can be signed, and one changed bit is seen', () => {
  const verify = createVerify([CURRENT]);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, at) => {
      const signature = signatureOf(bytes, CURRENT);
      expect(verify(bytes, signature)).toBe(true);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ (1 << (at % 8));
      expect(verify(changed, signature)).toBe(false);
    }),
  );
});

test('a value that is no signature is never good', () => {
  const body = Buffer.from('{}');
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
  for (const signature of wrong) expect(createVerify([CURRENT])(body, signature)).toBe(false);
  expect(createVerify([])(body, good)).toBe(false);
});
