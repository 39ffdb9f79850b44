import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whether a value of `X-Hub-Signature-256` belongs to these bytes. */
export type Verify = (bytes: Uint8Array, signature: string) => boolean;

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Checks signatures against every secret (the current one, and the previous one while rotating), in the same
 * time whichever fits. It works on bytes: `@octokit/webhooks` takes text only, and text loses what is not UTF-8
 * (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
 */
export function createVerify(secrets: readonly string[]): Verify {
  return (bytes, signature) => {
    const given = SIGNATURE.exec(signature)?.[1];
    if (given === undefined) return false;
    const wanted = Buffer.from(given, 'hex');
    let fits = false;
    for (const secret of secrets) {
      const made = createHmac('sha256', secret).update(bytes).digest();
      fits = timingSafeEqual(made, wanted) || fits;
    }
    return fits;
  };
}
