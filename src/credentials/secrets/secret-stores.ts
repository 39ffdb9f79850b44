import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { createKeyRing } from './secret-box.ts';
import { openSecretStore, type Passphrases, type SecretStore, withStoreLock } from './secret-store.ts';

/** All encrypted files of an installation, which one passphrase opens. */
export type SecretStores = {
  /** What opens them. */
  passphrases: Passphrases;
  /** The store of all profiles: `SECRETS_DIR/service/secrets.enc`. */
  global(): SecretStore;
  /** The store of one profile alone: `SECRETS_DIR/service/profiles/<folder>/secrets.enc`. */
  profile(path: string): SecretStore;
  /** Another store of the service: `SECRETS_DIR/service/<name>`. */
  named(name: `${string}.enc`): SecretStore;
  /** Every store that is there. */
  existing(): SecretStore[];
  /** Runs `work` while no store is written. Throws `file_locked`. */
  locked<T>(work: () => Promise<T>): Promise<T>;
};

/** One for the process: a start opens the same stores at three places, and deriving their key takes a third of a second of a processor. */
const keyRing = createKeyRing();

/** The stores below `secretsDir/service`; none needs to be there. */
export function createSecretStores(parts: {
  secretsDir: string;
  passphrases: Passphrases;
  clock: Clock;
}): SecretStores {
  const service = join(parts.secretsDir, 'service');
  const lockFile = join(service, 'stores.lock');
  const opened = new Map<string, SecretStore>();
  const open = (file: string): SecretStore => {
    const store = opened.get(file) ?? openSecretStore({ ...parts, file, lockFile, keyRing, outOfGit: true });
    opened.set(file, store);
    return store;
  };
  return {
    passphrases: parts.passphrases,
    global: () => open(join(service, 'secrets.enc')),
    profile: (path) => open(join(service, 'profiles', path, 'secrets.enc')),
    named: (name) => open(join(service, name)),
    existing: () => storeFiles(service).map(open),
    locked: async (work) => await withStoreLock({ lockFile, clock: parts.clock, outOfGit: true }, work),
  };
}

/** Sorted, so that every pass over all of them has the same order. */
function storeFiles(service: string): string[] {
  return globSync(['*.enc', 'profiles/**/secrets.enc'], { cwd: service })
    .toSorted()
    .map((path) => join(service, path));
}
