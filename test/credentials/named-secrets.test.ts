import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { FlowError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import {
  createNamedSecrets,
  type NamedSecrets,
  type SecretSource,
} from '../../src/credentials/inject/named-secrets.ts';
import { createSecretStores, type SecretStores } from '../../src/credentials/secrets/secret-stores.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Lab = { stores: SecretStores; named: NamedSecrets; dropped: FlowError[]; service: string };

async function lab(
  environment: Record<string, string> = {},
  order: SecretSource[] = ['profile', 'global', 'environment'],
): Promise<Lab> {
  const secretsDir = await temporaryDirectory();
  const passphrases = async (): Promise<Secret[]> => [new Secret('one passphrase')];
  const stores = createSecretStores({ secretsDir, passphrases, clock: systemClock });
  const dropped: FlowError[] = [];
  const drop = (issue: FlowError): void => void dropped.push(issue);
  const named = createNamedSecrets({ stores, order, agents: AGENTS, environment, drop });
  return { stores, named, dropped, service: join(secretsDir, 'service') };
}

const set = async (
  stores: SecretStores,
  profile: string | undefined,
  name: string,
  value: string,
): Promise<void> =>
  await (profile === undefined ? stores.global() : stores.profile(profile)).update(
    (values) => void values.set(name, value),
  );

const shown = async (named: NamedSecrets, profile: string, ...names: string[]): Promise<string[]> =>
  (await named.resolve(profile, names)).map(
    ({ name, value, source }) => `${name} ${source} ${value.reveal()}`,
  );

test('each secret comes from the first place that has it, and another profile’s own is not among them', async () => {
  const { stores, named, dropped } = await lab({
    GITHUB_FLOWS_SECRET_A: 'environment-a',
    GITHUB_FLOWS_SECRET_C: 'environment-c',
    GITHUB_FLOWS_PASSPHRASE: 'never-a-secret-of-a-run',
    WEBHOOK_SECRET: 'never-a-secret-of-a-run',
  });
  await set(stores, 'team/fix', 'A', 'profile-a');
  await set(stores, undefined, 'A', 'global-a');
  await set(stores, undefined, 'B', 'global-b');
  expect(await shown(named, 'team/fix', 'A', 'B', 'C')).toEqual([
    'A profile profile-a',
    'B global global-b',
    'C environment environment-c',
  ]);
  for (const other of ['team', 'team/fix/sub', 'other', '.'])
    expect(await shown(named, other, 'A')).toEqual(['A global global-a']);
  await expect(named.resolve('team/fix', ['WEBHOOK_SECRET'])).rejects.toMatchObject({
    code: 'secret_missing',
  });
  expect(dropped).toEqual([]);
});

test('a store that cannot be opened is dropped with its file and cause, and the others go on', async () => {
  const { stores, named, dropped, service } = await lab();
  await set(stores, undefined, 'A', 'global-a');
  await mkdir(join(service, 'profiles/fix'), { recursive: true, mode: 0o700 });
  await chmod(join(service, 'profiles'), 0o700);
  const file = join(service, 'profiles/fix/secrets.enc');
  await writeFile(file, Buffer.alloc(200, 7), { mode: 0o600 });
  expect(await shown(named, 'fix', 'A')).toEqual(['A global global-a']);
  expect(dropped).toMatchObject([{ code: 'secret_store_locked', message: expect.stringContaining(file) }]);
  await expect(named.resolve('fix', ['A', 'B', 'C'])).rejects.toMatchObject({
    code: 'secret_missing',
    message: expect.stringMatching(/The secrets B, C are nowhere.*does not count.*does not decrypt/),
    hint: expect.stringContaining('[secret_store_locked]'),
  });
});

test('a place that the order leaves out is not looked at', async () => {
  const { stores, named } = await lab({ GITHUB_FLOWS_SECRET_A: 'environment-a' }, ['environment']);
  await set(stores, undefined, 'B', 'global-b');
  expect(await shown(named, 'fix', 'A')).toEqual(['A environment environment-a']);
  await expect(named.resolve('fix', ['B'])).rejects.toMatchObject({ code: 'secret_missing' });
});

test('what is fit for no run is reported before it starts', async () => {
  const { named } = await lab({
    GITHUB_FLOWS_SECRET_GIT_SSH_KEY: 'no key at all',
    GITHUB_FLOWS_SECRET_LONG: 'x'.repeat(70_000),
  });
  await expect(named.resolve('fix', ['GIT_SSH_KEY'])).rejects.toMatchObject({ code: 'ssh_key_invalid' });
  await expect(named.resolve('fix', ['LONG'])).rejects.toMatchObject({ code: 'secret_value_invalid' });
  await expect(named.resolve('fix', ['codex'])).rejects.toMatchObject({ code: 'secret_name_invalid' });
});
