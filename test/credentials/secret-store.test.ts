import { argon2Sync, createDecipheriv } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { createKeyRing, saltOf, sealBox } from '../../src/credentials/secrets/secret-box.ts';
import { openSecretStore, type SecretStore } from '../../src/credentials/secrets/secret-store.ts';
import { startProgram } from '../support/processes/program.ts';
import { size } from '../support/suite/size.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const PASSPHRASE = 'a passphrase with ünïcode 🔑';
/** Keys of all tests here, for deriving one is slow on purpose. */
const keyRing = createKeyRing();

type Place = { file: string; lockFile: string };

async function place(): Promise<Place> {
  const directory = join(await temporaryDirectory(), 'service');
  return { file: join(directory, 'secrets.enc'), lockFile: join(directory, 'stores.lock') };
}

function store(at: Place, ...passphrases: string[]): SecretStore {
  const given = passphrases.length === 0 ? [PASSPHRASE] : passphrases;
  return openSecretStore({
    ...at,
    passphrases: async () => given.map((text) => new Secret(text)),
    clock: systemClock,
    keyRing,
  });
}

async function writeBox(at: Place, content: string): Promise<void> {
  const key = await keyRing.key(new Secret(PASSPHRASE), saltOf(await readFile(at.file)));
  await writeFile(at.file, sealBox(Buffer.from(content), key));
}

describe('a secret store', () => {
  test('a secret store gives back what was set, to the byte, and is empty while there is no file', async () => {
    const at = await place();
    expect((await store(at).read()).size).toBe(0);
    const value = 'line one\nline "two" \\ \'three\' é 🎉\r\n';
    await store(at).update((values) => void values.set('A', value).set('__proto__', 'plain'));
    expect(await store(at).read()).toEqual(
      new Map(Object.entries({ A: value }).concat([['__proto__', 'plain']])),
    );
  });

  test('a secret store is salt, nonce and ciphertext of a JSON map, as anybody else can open it', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const box = await readFile(at.file);
    const key = argon2Sync('argon2id', {
      message: PASSPHRASE,
      nonce: box.subarray(0, 16),
      parallelism: 4,
      tagLength: 32,
      memory: 65_536,
      passes: 3,
    });
    const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(16, 28));
    decipher.setAuthTag(box.subarray(-16));
    const content = Buffer.concat([decipher.update(box.subarray(28, -16)), decipher.final()]);
    expect(JSON.parse(content.toString())).toEqual({ A: 'one' });
  });

  test('a secret store writes a new nonce each time, readable for its owner alone', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const first = await readFile(at.file);
    await store(at).update(() => undefined);
    const second = await readFile(at.file);
    expect(second.subarray(0, 16)).toEqual(first.subarray(0, 16));
    expect(second.subarray(16, 28)).not.toEqual(first.subarray(16, 28));
    expect((await stat(at.file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(at.file, '..'))).mode & 0o777).toBe(0o700);
  });

  test('belongs to whom the secrets directory does, with every directory on the way, also when root writes it', async () => {
    const directory = await temporaryDirectory();
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(directory, 1234, 2345);
    const owner = isRoot ? { uid: 1234, gid: 2345 } : { uid: process.getuid?.(), gid: process.getgid?.() };
    const file = join(directory, 'service/profiles/team/fix/secrets.enc');
    await store({ file, lockFile: join(directory, 'service/stores.lock') }).update(() => undefined);
    const paths = [
      '',
      'stores.lock',
      'profiles',
      'profiles/team',
      'profiles/team/fix',
      'profiles/team/fix/secrets.enc',
    ];
    for (const path of paths) expect(await stat(join(directory, 'service', path)), path).toMatchObject(owner);
  });

  test('a secret store opens with any of the passphrases that are offered', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    expect((await store(at, 'another one', PASSPHRASE).read()).get('A')).toBe('one');
  });

  test('written anew under another passphrase opens with that one alone', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const salt = (await readFile(at.file)).subarray(0, 16);
    await store(at).reseal(new Secret('the new passphrase'));
    expect((await readFile(at.file)).subarray(0, 16)).not.toEqual(salt);
    await expect(store(at).read()).rejects.toMatchObject({ code: 'secret_store_locked' });
    expect((await store(at, 'the new passphrase').read()).get('A')).toBe('one');
  });
});

describe('a store that cannot be used', () => {
  test('a store with any one byte changed does not open', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const good = await readFile(at.file);
    for (let index = 0; index < good.length; index += 1) {
      const bad = Buffer.from(good);
      bad[index] = (bad[index] ?? 0) ^ (1 << (index % 8));
      await writeFile(at.file, bad);
      await expect(store(at).read(), `byte ${index}`).rejects.toMatchObject({ code: 'secret_store_locked' });
    }
    await writeFile(at.file, good);
    expect((await store(at).read()).get('A')).toBe('one');
  });

  test('a store cut off anywhere does not open, and is never taken for an empty one', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    for (let length = (await stat(at.file)).size - 1; length >= 0; length -= 1) {
      await truncate(at.file, length);
      const code = length < 46 ? 'secret_store_truncated' : 'secret_store_locked';
      await expect(store(at).read(), `${length} bytes`).rejects.toMatchObject({ code });
    }
    await expect(store(at).update((values) => void values.set('B', 'two'))).rejects.toMatchObject({
      code: 'secret_store_truncated',
    });
    expect((await stat(at.file)).size).toBe(0);
  });

  test('a store says so when the passphrase is another one or there is none, and names its file', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const none = openSecretStore({ ...at, passphrases: async () => [], clock: systemClock });
    for (const [opened, code] of [
      [store(at, 'wrong'), 'secret_store_locked'],
      [none, 'passphrase_missing'],
    ] as const) {
      const refusal = expect.objectContaining({ code, message: expect.stringContaining(at.file) });
      await expect(opened.read()).rejects.toEqual(refusal);
      await expect(opened.update((values) => void values.set('B', 'two'))).rejects.toEqual(refusal);
    }
    expect(await store(at).read()).toEqual(new Map([['A', 'one']]));
  });

  test('a store that decrypts to something else than a map of texts is damaged', async () => {
    const at = await place();
    await store(at).update(() => undefined);
    for (const content of ['[]', '{"A":1}', 'null', '{"A"', '"text"', '']) {
      await writeBox(at, content);
      const code = content === '' ? 'secret_store_truncated' : 'secret_store_damaged';
      await expect(store(at).read(), content).rejects.toMatchObject({ code });
    }
  });

  test('a store that others may read, that is a link or a directory, or too large is refused', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    await chmod(at.file, 0o640);
    await expect(store(at).read()).rejects.toMatchObject({ code: 'secret_store_readable_by_others' });
    await chmod(at.file, 0o600);
    await chmod(join(at.file, '..'), 0o755);
    await expect(store(at).read()).rejects.toMatchObject({ code: 'secret_store_readable_by_others' });
    await chmod(join(at.file, '..'), 0o700);
    await truncate(at.file, 3 * 1024 ** 3);
    await expect(store(at).read()).rejects.toMatchObject({ code: 'secret_store_too_large' });
    const other = { ...at, file: `${at.file}2` };
    await symlink(at.file, other.file);
    await expect(store(other).read()).rejects.toMatchObject({ code: 'secret_store_not_regular' });
    const folder = { ...at, file: `${at.file}3` };
    await mkdir(folder.file);
    await expect(store(folder).read()).rejects.toMatchObject({ code: 'secret_store_not_regular' });
  });

  test('a store is not made so large that it could not be read again', async () => {
    const at = await place();
    await store(at).update((values) => void values.set('A', 'one'));
    const huge = 'x'.repeat(9 * 1024 * 1024);
    await expect(store(at).update((values) => void values.set('B', huge))).rejects.toMatchObject({
      code: 'secret_store_full',
    });
    expect(await store(at).read()).toEqual(new Map([['A', 'one']]));
  });
});

describe('writing at once', () => {
  test('writing at once from one process loses nothing', async () => {
    const at = await place();
    const names = Array.from({ length: 20 }, (_, index) => `N${index}`);
    const stores = [store(at), store(at)];
    await Promise.all(
      names.map((name, index) => stores[index % 2]?.update((values) => void values.set(name, name))),
    );
    expect([...(await store(at).read()).keys()].toSorted()).toEqual(names.toSorted());
  });

  test('writing at once from several processes loses nothing', async () => {
    const at = await place();
    const count = size(5, 50);
    const writers = ['A', 'B', 'C'].map((name) =>
      startProgram('update-store', [at.file, at.lockFile, PASSPHRASE, name, String(count)]),
    );
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0, 0]);
    expect((await store(at).read()).size).toBe(3 * count);
  });

  test('a writer that is killed leaves a whole store, and no lock behind', async () => {
    const at = await place();
    const writer = startProgram('update-store', [at.file, at.lockFile, PASSPHRASE, 'A', '1000000']);
    const told = [await writer.line(), await writer.line(), await writer.line()];
    writer.process.kill('SIGKILL');
    await writer.ended;
    await store(at).update((values) => void values.set('B', 'two'));
    const values = await store(at).read();
    expect([...values.keys()]).toEqual(expect.arrayContaining([...told, 'B']));
    expect((await readdir(join(at.file, '..'))).toSorted()).toEqual(['secrets.enc', 'stores.lock']);
  });
});
