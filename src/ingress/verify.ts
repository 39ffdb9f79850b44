import { isUtf8 } from 'node:buffer';
import { Webhooks } from '@octokit/webhooks';
import { LRUCache } from 'lru-cache';
import { bodyNotUtf8 } from './errors.ts';

/** Whether a value of `X-Hub-Signature-256` belongs to this text; never rejects. */
type Verify = (text: string, signature: string) => Promise<boolean>;

const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

/**
 * The text that a body is, which is what `@octokit/webhooks` verifies: of valid UTF-8 it stands for these bytes and no
 * others, a byte order mark included. Throws the Refusal `body_not_utf8`: of anything else another text would be left.
 */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw bodyNotUtf8();
  return bytes.toString('utf8');
}

/**
 * Checks signatures by `@octokit/webhooks`, in constant time, against every secret (the current one, and the previous
 * one while rotating), whichever fits (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
 */
export function createVerify(secrets: readonly string[]): Verify {
  return async (text, signature) => {
    // The library throws on what is empty, and takes other forms of hexadecimal digits for wrong ones.
    if (text === '' || !SIGNATURE.test(signature)) return false;
    let fits = false;
    for (const secret of secrets) fits = (await webhooks.memo(secret).verify(text, signature)) || fits;
    return fits;
  };
}

/** Making one takes as long as verifying a body. */
const webhooks = new LRUCache<string, Webhooks>({
  max: 100,
  memoMethod: (secret) => new Webhooks({ secret }),
});
