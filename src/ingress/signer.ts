import { isUtf8 } from 'node:buffer';
import { Webhooks } from '@octokit/webhooks';
import { LRUCache } from 'lru-cache';
import { isObject } from '../base/json.ts';
import type { FlowEvent } from '../events/event.ts';
import { bodyNotUtf8, hostNotServed, type Refusal } from './errors.ts';

/** Somebody under whose secrets deliveries may be signed, and what they may be about. */
export type Signer = {
  secrets: readonly string[];
  /** The key of the GitHub App that signs; null for the service's own webhook secret. */
  app: string | null;
  /** Why this signer may not bring an event; called after its signature was verified. */
  refuse(event: FlowEvent): Refusal | undefined;
};

/** Those whose secret fits a body's text; every one of them is tried. */
export async function signersThatFit(
  signers: readonly Signer[],
  { text, signature }: { text: string; signature: string },
): Promise<Signer[]> {
  const fitting: Signer[] = [];
  for (const signer of signers) if (await createVerify(signer.secrets)(text, signature)) fitting.push(signer);
  return fitting;
}

/** The first of those who signed that may bring the event; throws the Refusal of the first when none may. */
export function allowedSigner(signed: readonly Signer[], event: FlowEvent): Signer {
  const judged = signed.map((signer) => ({ signer, refusal: signer.refuse(event) }));
  const allowed = judged.find(({ refusal }) => refusal === undefined);
  if (allowed) return allowed.signer;
  throw judged[0]?.refusal ?? new Error('no signer of a verified delivery');
}

/** Where a payload names the server of its repository; its API's address has another host on some. */
const ADDRESSES = ['html_url', 'clone_url', 'svn_url'];

/** Why an event is of another GitHub than those at `servers`; one that names no address of its repository is of any. */
export function refuseHost(servers: readonly string[], { payload }: FlowEvent): Refusal | undefined {
  const { repository } = payload;
  if (!isObject(repository)) return undefined;
  const served = servers.map(hostOf);
  const other = ADDRESSES.map((name) => repository[name]).find(
    (address) => typeof address === 'string' && !served.includes(hostOf(address)),
  );
  return other === undefined ? undefined : hostNotServed(hostOf(String(other)), served);
}

/** The host with its port; of what is no address, the text itself. */
function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

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
