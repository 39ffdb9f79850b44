import { argon2, createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../../base/secret.ts';

const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/**
 * The second recommended choice of RFC 9106, above OWASP's minimum (19 MiB, 2 passes, 1 lane): 64 MiB, 3 passes, 4 lanes.
 * They are part of the file format: changing one makes every store unreadable. https://www.rfc-editor.org/rfc/rfc9106#section-4
 */
const ARGON2 = { parallelism: 4, tagLength: 32, memory: 65_536, passes: 3 };

/** The smallest file that can be a box: salt, nonce, tag, and the two bytes of an empty map. */
export const MIN_BOX_BYTES = SALT_BYTES + NONCE_BYTES + TAG_BYTES + 2;

/** A key of 32 bytes with the salt it was derived with. */
export type BoxKey = { salt: Buffer; key: Buffer };

/** Derives the key of a box by Argon2id, on a thread of the pool; takes about a tenth of a second and 64 MiB. */
async function deriveKey(passphrase: Secret, salt: Buffer): Promise<BoxKey> {
  const key = await promisify(argon2)('argon2id', { ...ARGON2, message: passphrase.reveal(), nonce: salt });
  return { salt, key };
}

/** A salt for a new box. */
export function newSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

/** The salt at the beginning of a box of at least `MIN_BOX_BYTES`. */
export function saltOf(box: Buffer): Buffer {
  return Buffer.from(box.subarray(0, SALT_BYTES));
}

/** Encrypts bytes as `salt(16) || nonce(12) || ciphertext and tag(16)`, under a nonce that is new each time. */
export function sealBox(content: Buffer, { salt, key }: BoxKey): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([salt, nonce, encrypted, cipher.getAuthTag()]);
}

/** What is in a box of at least `MIN_BOX_BYTES`; undefined when the key is another one or a byte was changed. */
export function openBox(box: Buffer, { key }: BoxKey): Buffer | undefined {
  const nonce = box.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  const content = decipher.update(box.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([content, decipher.final()]);
  } catch {
    // The one thing that `final` refuses is the tag.
    return undefined;
  }
}

/** Keys that were derived already: deriving one is slow on purpose. */
export type KeyRing = { key(passphrase: Secret, salt: Buffer): Promise<BoxKey> };

/** As many stores as a service has open, with an old passphrase each. */
const MAX_KEYS = 64;

/** An empty ring; it forgets the least used keys first, and never keeps a passphrase. */
export function createKeyRing(): KeyRing {
  const keys = new LRUCache<string, Promise<BoxKey>>({ max: MAX_KEYS });
  return {
    key(passphrase, salt) {
      const name = createHash('sha256').update(salt).update(passphrase.reveal()).digest('hex');
      const known = keys.get(name);
      if (known) return known;
      const derived = deriveKey(passphrase, salt);
      derived.catch(() => keys.delete(name));
      keys.set(name, derived);
      return derived;
    },
  };
}
