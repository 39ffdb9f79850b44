import { open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { FlowError, systemCode } from '../../base/errors.ts';
import { ancestors, makeDirectory, type Owner, writeAtomic } from '../../base/files.ts';
import { isObject } from '../../base/json.ts';
import type { Secret } from '../../base/secret.ts';
import { withFileLock } from '../../db/sqlite/file-lock.ts';
import { readPrivateFile, serviceUid } from '../private-file.ts';
import {
  passphraseMissing,
  storeDamaged,
  storeFileError,
  storeFull,
  storeLocked,
  storeTruncated,
  storeUnwritable,
} from './errors.ts';
import {
  type BoxKey,
  createKeyRing,
  type KeyRing,
  MIN_BOX_BYTES,
  newSalt,
  openBox,
  saltOf,
  sealBox,
} from './secret-box.ts';

/** More than all secrets of an installation, little enough to be read whole. */
const MAX_BYTES = 8 * 1024 * 1024;

/** How long a write waits for another process's; a key takes a tenth of a second to derive. */
const LOCK_WAIT_MS = 30_000;

/** What may open a store, the most likely first; more than one only while passphrases are being changed. */
export type Passphrases = () => Promise<readonly Secret[]>;

/** One encrypted file of names and values. A file that is not there holds nothing. */
export type SecretStore = {
  file: string;
  /** All values, read anew. Throws the `secret_store_…` codes and `passphrase_missing`. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** Reads, changes and writes under a lock that all stores share: whole or not at all, and no concurrent change is lost. */
  update(change: (values: Map<string, string>) => void): Promise<void>;
  /** Writes the same values under another passphrase and a new salt. The caller holds the lock of the stores. */
  reseal(passphrase: Secret): Promise<void>;
};

/** What a store needs; `lockFile` is the same for all stores that one passphrase opens. */
type SecretStoreParts = {
  file: string;
  lockFile: string;
  passphrases: Passphrases;
  clock: Clock;
  /** Whether a `.gitignore` keeps the directory of `lockFile` out of every commit. */
  outOfGit?: boolean;
  /** Shared by stores, so that a passphrase that fits none is tried once a salt. */
  keyRing?: KeyRing;
};

/** The store in `file`; neither it nor its directory needs to be there. */
export function openSecretStore(parts: SecretStoreParts): SecretStore {
  const { file, passphrases, keyRing = createKeyRing() } = parts;

  const lookOnce = async (): Promise<{ values: Map<string, string>; key: BoxKey } | undefined> => {
    const reading = await readPrivateFile(file, { maxBytes: MAX_BYTES, uid: serviceUid() });
    if (!('content' in reading)) {
      const [issue] = reading.issues;
      if (issue.kind === 'missing') return undefined;
      throw storeFileError(issue);
    }
    return await unlock(file, reading.content, await passphrases(), keyRing);
  };
  const readBox: typeof lookOnce = async () => {
    try {
      return await lookOnce();
    } catch (error) {
      // Store and key file may have been changed between the two looks at them; then the second fits.
      if (error instanceof FlowError && error.code === 'secret_store_locked') return await lookOnce();
      throw error;
    }
  };

  const write = async (values: ReadonlyMap<string, string>, key: BoxKey): Promise<void> => {
    const box = sealBox(Buffer.from(JSON.stringify(Object.fromEntries(values))), key);
    if (box.length > MAX_BYTES) throw storeFull(file, MAX_BYTES);
    const owner = await makePrivatePlace(file);
    await writing(file, async () => {
      await removeTemporaries(file);
      await writeAtomic(file, box, { mode: 0o600, ...(owner ? { owner } : {}) });
      await syncDirectory(dirname(file));
    });
  };

  return {
    file,
    read: async () => (await readBox())?.values ?? new Map(),
    update: async (change) =>
      await withStoreLock(parts, async () => {
        const box = await readBox();
        const values = box?.values ?? new Map<string, string>();
        change(values);
        await write(values, box?.key ?? (await newKey(file, await passphrases(), keyRing)));
      }),
    async reseal(passphrase) {
      const box = await readBox();
      if (box) await write(box.values, await keyRing.key(passphrase, newSalt()));
    },
  };
}

/** Runs `work` while nobody else writes a store that shares `lockFile`. Throws `file_locked`. */
export async function withStoreLock<T>(
  { lockFile, clock, outOfGit }: Pick<SecretStoreParts, 'lockFile' | 'clock' | 'outOfGit'>,
  work: () => Promise<T>,
): Promise<T> {
  const owner = await makePrivatePlace(lockFile);
  if (outOfGit) await keepOutOfGit(dirname(lockFile), owner);
  const own = owner ? { owner } : {};
  return await withFileLock(lockFile, { clock, waitMs: LOCK_WAIT_MS, ...own }, work);
}

/** Writes a `.gitignore` that keeps the directory out of every commit; a missing directory is not made. */
export async function keepOutOfGit(directory: string, owner?: Owner): Promise<void> {
  const file = join(directory, '.gitignore');
  const isThere = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined)) !== undefined;
  if ((await isThere(file)) || !(await isThere(directory))) return;
  await writing(
    file,
    async () => await writeAtomic(file, '*\n', { mode: 0o600, ...(owner ? { owner } : {}) }),
  );
}

/** Makes the directories above `file` (0700) for the owner that the file will have, and gives this owner. */
export async function makePrivatePlace(file: string): Promise<Owner | undefined> {
  const owner = await ownerFor(file);
  await writing(file, async () => {
    for (const path of ancestors(dirname(file)).reverse())
      await makeDirectory(path, { mode: 0o700, ...(owner ? { owner } : {}) });
  });
  return owner;
}

/** Turns a system error into one that names the file. Throws `secret_store_unwritable`. */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FlowError || systemCode(error) === undefined) throw error;
    throw storeUnwritable(file, error as Error);
  }
}

/** The owner of a new file; undefined for the service's own user. A root service uses the owner of the nearest directory above. */
async function ownerFor(file: string): Promise<Owner | undefined> {
  if (serviceUid() !== 0) return undefined;
  const directory = dirname(file);
  const found = await stat(directory).catch(() => undefined);
  if (found) return { uid: found.uid, gid: found.gid };
  return directory === '/' ? undefined : await ownerFor(directory);
}

async function unlock(
  file: string,
  box: Buffer,
  passphrases: readonly Secret[],
  keyRing: KeyRing,
): Promise<{ values: Map<string, string>; key: BoxKey }> {
  if (box.length < MIN_BOX_BYTES) throw storeTruncated(file, box.length);
  if (passphrases.length === 0) throw passphraseMissing(file);
  for (const passphrase of passphrases) {
    const key = await keyRing.key(passphrase, saltOf(box));
    const content = openBox(box, key);
    if (content) return { values: parseMap(file, content), key };
  }
  throw storeLocked(file);
}

function parseMap(file: string, content: Buffer): Map<string, string> {
  let data: unknown;
  try {
    data = JSON.parse(content.toString());
  } catch {
    throw storeDamaged(file);
  }
  if (!isObject(data)) throw storeDamaged(file);
  const entries = Object.entries(data);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw storeDamaged(file);
  return new Map(entries);
}

async function newKey(file: string, passphrases: readonly Secret[], keyRing: KeyRing): Promise<BoxKey> {
  const passphrase = passphrases.at(-1);
  if (!passphrase) throw passphraseMissing(file);
  return await keyRing.key(passphrase, newSalt());
}

/** Removes temporary files of killed writers; under the lock no other writer has one. */
async function removeTemporaries(file: string): Promise<void> {
  const beside = await readdir(dirname(file));
  const left = beside.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp'));
  for (const name of left) await rm(join(dirname(file), name), { force: true });
}

/** A rename lasts only once its directory is on the disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
