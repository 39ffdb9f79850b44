import { expect, test } from 'vitest';
import { createBodyBuffer } from '../../src/ingress/body-buffer.ts';

test('a body whose length nobody declared is refused at the byte that is too many', () => {
  const buffer = createBodyBuffer(0, { bodyBytes: 10, inFlightBytes: 100 }, () => true);
  expect(buffer.add(Buffer.alloc(10))).toBeUndefined();
  expect(buffer.add(Buffer.alloc(1))).toMatchObject({ code: 'body_too_large' });
  expect(buffer.bytes()).toHaveLength(10);
});
