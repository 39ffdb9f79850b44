import { createHmac } from 'node:crypto';

/** The secret that tests sign with. */
export const TEST_SECRET = 'a-secret-for-tests-of-32-characters';

/** A value of X-Hub-Signature-256, as GitHub makes it. */
export function signatureOf(body: string | Uint8Array, secret = TEST_SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** The headers of a delivery as GitHub sends it; `over` replaces some, and undefined leaves one out. */
export function signedHeaders(
  body: string | Uint8Array,
  over: Record<string, string | undefined> = {},
): Record<string, string> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': crypto.randomUUID(),
    'x-github-event': 'issue_comment',
    'x-github-hook-id': '292430182',
    'x-hub-signature-256': signatureOf(body),
    ...over,
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** A whole delivery as bytes on a connection. */
export function rawDelivery(
  body: string | Uint8Array,
  over: Record<string, string | undefined> = {},
): Buffer {
  const bytes = Buffer.from(body);
  const headers = signedHeaders(bytes, {
    host: 'localhost',
    'content-length': String(bytes.length),
    ...over,
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST /webhooks/github HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}
