import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../../base/secret.ts';
import { type BoxKey, deriveKey } from './secret-box.ts';

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
