import { systemClock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import type { Config } from '../../../config/config.ts';
import { createPassphrases, makeKeyFile, readKeyFile } from '../../../credentials/secrets/passphrase.ts';
import type { SecretStore } from '../../../credentials/secrets/secret-store.ts';
import { createSecretStores, type SecretStores } from '../../../credentials/secrets/secret-stores.ts';
import type { Io } from '../../terminal/io.ts';

/** Tries of a person. */
const TRIES = 3;

/**
 * The stores with their passphrase: GITHUB_FLOWS_PASSPHRASE, else the key file, else a prompt on the terminal, checked by
 * opening a store. Without all three the stores stay closed, and reading one fails.
 *
 * Before it `write`s the first store, it prompts for a new passphrase twice. An empty one, or no terminal, creates a key
 * file. Throws `passphrase_wrong`, `passphrase_differs` and `prompt_cancelled`.
 */
export async function unlockStores(io: Io, config: Config, purpose: 'read' | 'write'): Promise<SecretStores> {
  let given = config.passphrase;
  const passphrases = createPassphrases({ given: () => given, keyFile: config.keyFile });
  const stores = createSecretStores({ secretsDir: config.secretsDir, passphrases, clock: systemClock });
  // The store that it opens reports an invalid key file.
  const offered = await passphrases().catch(() => undefined);
  if (offered === undefined || offered.length > 0) return stores;
  const existing = stores.existing();
  if (existing.length > 0) {
    if (io.canAsk()) given = await askPassphrase(io, existing, (typed) => (given = typed));
    return stores;
  }
  if (purpose === 'read') return stores;
  given = io.canAsk() ? await askNewPassphrase(io, 'the secret stores', config.keyFile) : undefined;
  if (!given) await makeFirstKey(io, config, stores);
  return stores;
}

/** The configuration, with a typed passphrase if stores exist, nothing else opens them, and the service has a terminal. */
export async function unlockedConfig(io: Io, config: Config): Promise<Config> {
  if (config.passphrase || !io.isInputTerminal || !io.canAsk()) return config;
  if (await readKeyFile(config.keyFile).catch(() => undefined)) return config;
  const stores = await unlockStores(io, config, 'read');
  const [passphrase] = await stores.passphrases().catch(() => []);
  return passphrase ? { ...config, passphrase } : config;
}

/** A passphrase that was typed twice, or undefined for an empty one. Throws `passphrase_differs`. */
export async function askNewPassphrase(
  io: Io,
  what: string,
  keyFile: string | undefined,
): Promise<Secret | undefined> {
  const empty = keyFile === undefined ? '' : ` (empty: store a random one in ${keyFile})`;
  const first = await io.askHidden(`New passphrase for ${what}${empty}: `);
  if (first === '') return undefined;
  if ((await io.askHidden('Repeat it: ')) !== first) throw passphraseDiffers();
  return new Secret(first);
}

async function askPassphrase(
  io: Io,
  existing: readonly SecretStore[],
  attempt: (typed: Secret) => void,
): Promise<Secret | undefined> {
  for (let left = TRIES; left > 0; left -= 1) {
    const typed = await io.askHidden('Passphrase of the secret stores (empty: continue without): ');
    if (typed === '') return undefined;
    attempt(new Secret(typed));
    if (await opensAny(existing)) return new Secret(typed);
    if (left > 1) io.err('This passphrase opens none of them.\n');
  }
  throw passphraseWrong(existing.map(({ file }) => file));
}

async function opensAny(existing: readonly SecretStore[]): Promise<boolean> {
  const looks = await Promise.all(
    existing.map(async (store) => await store.read().then(() => undefined, asFlowError)),
  );
  return looks.some((issue) => issue === undefined || issue.code === 'secret_store_damaged');
}

/** Under the lock, so that two first writers do not create two keys. */
async function makeFirstKey(io: Io, { keyFile }: Config, stores: SecretStores): Promise<void> {
  const made = await stores.locked(async () => {
    if (stores.existing().length > 0 || (await readKeyFile(keyFile))) return false;
    await makeKeyFile(keyFile);
    return true;
  });
  if (made)
    io.err(
      `A random passphrase for the secret stores is in ${keyFile}. Keep a copy elsewhere: without it the stores cannot be opened.\n`,
    );
}

function passphraseWrong(files: readonly string[]): FlowError {
  return new FlowError({
    code: 'passphrase_wrong',
    blame: 'operator',
    message: `None of the ${TRIES} passphrases opens ${files.join(' or ')}.`,
    hint: 'Run it again with the right passphrase. If it is lost, restore stores whose passphrase you know, or remove the stores and set their secrets again.',
  });
}

function passphraseDiffers(): FlowError {
  return new FlowError({
    code: 'passphrase_differs',
    blame: 'operator',
    message: 'The two passphrases differ, so nothing changed.',
    hint: 'Run it again and type the same passphrase twice.',
  });
}
