import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CommandResult, runCommandWith } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const PASSPHRASE = 'the passphrase of these tests';

type Person = { input?: string; answers?: string[] };

/** A place with an empty secrets directory, and `secret` in it. */
async function place(more: Record<string, string> = { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE }): Promise<{
  service: string;
  directory: string;
  secret(person: Person, ...argv: string[]): Promise<CommandResult>;
  as(other: Record<string, string>, person: Person, ...argv: string[]): Promise<CommandResult>;
}> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'secrets'), { mode: 0o700 });
  await mkdir(join(directory, 'profiles/team/triage'), { recursive: true });
  await writeFile(join(directory, 'profiles/team/triage/profile.json'), '{}');
  const as = async (
    other: Record<string, string>,
    person: Person,
    ...argv: string[]
  ): Promise<CommandResult> =>
    await runCommandWith(person, directory, { SECRETS_DIR: 'secrets', ...other }, 'secret', ...argv);
  return {
    directory,
    service: join(directory, 'secrets/service'),
    as,
    secret: async (person, ...argv) => await as(more, person, ...argv),
  };
}

describe('secret set and get', () => {
  test('secret set and get keep what came on standard input, a single line without its end and a longer text to the byte', async () => {
    const { secret, service } = await place();
    const key = 'first "line"\n\'second\' line\n';
    expect(await secret({ input: 'one-value\n' }, 'set', 'ONE')).toMatchObject({ code: 0, err: '' });
    await secret({ input: key }, 'set', 'TWO');
    const one = await secret({}, 'get', 'ONE', '--json', '--reveal');
    expect(JSON.parse(one.out)).toEqual({
      name: 'ONE',
      source: 'global',
      file: join(service, 'secrets.enc'),
      value: 'one-value',
    });
    expect(JSON.parse((await secret({}, 'get', 'TWO', '--json', '--reveal')).out).value).toBe(key);
    expect((await secret({}, 'get', 'ONE')).out).toBe(
      `ONE comes from the global store, ${join(service, 'secrets.enc')}.\n`,
    );
    const { out, err } = await secret({}, 'get', 'TWO', '--reveal');
    expect({ out, err }).toEqual({ out: key, err: expect.stringMatching(/^TWO comes from .*\n$/) });
    expect((await readFile(join(service, 'secrets.enc'))).includes('one-value')).toBe(false);
  });

  test('warn of a value on the command line, and of one too short to be masked', async () => {
    const { secret } = await place();
    const { code, err } = await secret({}, 'set', 'ONE', 'abc');
    expect(code).toBe(0);
    expect(err).toContain('The value was on the command line');
    expect(err).toContain('not masked');
    expect(err).not.toContain('abc');
  });

  test('secret set and get ask a person for the value without echo', async () => {
    const { secret } = await place();
    const { code, err, out } = await secret({ answers: ['typed-value'] }, 'set', 'ONE');
    expect({ code, err }).toEqual({ code: 0, err: 'Value of ONE: \n' });
    expect(out).not.toContain('typed-value');
    expect((await secret({}, 'get', 'ONE', '--reveal')).out).toContain('typed-value');
  });

  test.each([
    ['9A', 'value', 'secret_name_invalid'],
    ['A-B', 'value', 'secret_name_invalid'],
    ['é', 'value', 'secret_name_invalid'],
    ['../x', 'value', 'secret_name_invalid'],
    ['codex', 'value', 'secret_name_invalid'],
    ['A'.repeat(129), 'value', 'secret_name_invalid'],
    ['A', '', 'secret_value_invalid'],
    ['A', 'a\0b', 'secret_value_invalid'],
    ['A', 'x'.repeat(65_537), 'secret_value_invalid'],
    ['GIT_SSH_KEY', 'ssh-ed25519 AAAAC3Nza me', 'ssh_key_invalid'],
    ['GIT_SSH_KNOWN_HOSTS', 'github.com', 'ssh_known_hosts_invalid'],
  ])('refuse the name and value %j, %j', async (name, value, code) => {
    const { secret, service } = await place();
    const refused = await secret({ input: value }, 'set', name, '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out).error.code).toBe(code);
    expect(await readdir(service).catch(() => [])).not.toContain('secrets.enc');
  });
});

describe('the places of a secret', () => {
  test('the places of a secret are asked in the configured order: profile, global, environment', async () => {
    const at = await place();
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    await at.secret({ input: 'of-profile' }, 'set', 'ONE', '--profile', 'team/triage');
    const environment = { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE, GITHUB_FLOWS_SECRET_ONE: 'of-environment' };
    const from = async (settings: Record<string, string>, ...more: string[]): Promise<string> => {
      const { out } = await at.as(
        { ...environment, ...settings },
        {},
        'get',
        'ONE',
        '--json',
        '--reveal',
        ...more,
      );
      return JSON.parse(out).value;
    };
    expect(await from({}, '--profile', 'team/triage')).toBe('of-profile');
    expect(await from({}, '--profile', 'profiles/team/triage/profile.json')).toBe('of-profile');
    expect(await from({}, '--profile', 'other')).toBe('of-global');
    expect(await from({})).toBe('of-global');
    expect(await from({ SECRETS_ORDER: 'environment,global' })).toBe('of-environment');
    expect(await from({ SECRETS_ORDER: 'environment, profile' }, '--profile', 'team/triage')).toBe(
      'of-environment',
    );
  });

  test('the places of a secret are listed with names alone', async () => {
    const at = await place();
    await at.secret({ input: 'value-of-one' }, 'set', 'ONE');
    await at.secret({ input: 'value-of-one' }, 'set', 'ONE', '--profile', 'team/triage');
    const settings = { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE, GITHUB_FLOWS_SECRET_TWO: 'value-of-two' };
    const all = await at.as(settings, {}, 'list', '--json');
    expect(JSON.parse(all.out)).toMatchObject([
      { name: 'ONE', source: 'global', profile: null, hidden: false },
      { name: 'ONE', source: 'profile', profile: 'team/triage', hidden: false },
      { name: 'TWO', source: 'environment', profile: null, file: null, hidden: false },
    ]);
    const own = await at.as(settings, {}, 'list', '--profile', 'team/triage', '--json');
    expect(JSON.parse(own.out).map((row: { hidden: boolean }) => row.hidden)).toEqual([false, true, false]);
    expect((await at.as(settings, {}, 'list')).out).toMatch(/^name +source +profile +hidden\n/);
    for (const { out, err } of [all, own]) expect(out + err).not.toContain('value-of');
  });

  test('outside the profiles are refused', async () => {
    const { secret } = await place();
    for (const path of ['../other', '/etc', 'a/../../b', 'x/secrets.enc', 'a\nb'])
      expect((await secret({ input: 'value' }, 'set', 'ONE', '--profile', path)).code, path).toBe(2);
  });

  test('the places of a secret give back nothing of a secret that was deleted', async () => {
    const { secret } = await place();
    await secret({ input: 'value-of-one' }, 'set', 'ONE');
    expect((await secret({}, 'delete', 'ONE')).code).toBe(0);
    for (const verb of ['get', 'delete']) {
      const missing = await secret({}, verb, 'ONE');
      expect(missing.code).toBe(1);
      expect(missing.err).toContain('[secret_missing]');
    }
  });
});

test('the directory of the stores is left out of every commit of a repository around it', async () => {
  const at = await place();
  await at.secret({ input: 'value' }, 'set', 'ONE');
  expect(await readFile(join(at.service, '.gitignore'), 'utf8')).toBe('*\n');
  await writeFile(join(at.service, '.gitignore'), '*\n!kept\n');
  await at.secret({ input: 'value' }, 'set', 'TWO');
  expect(await readFile(join(at.service, '.gitignore'), 'utf8')).toBe('*\n!kept\n');
});

describe('a store that does not open', () => {
  test('a store that does not open is dropped with a warning that names file and cause, and the others go on', async () => {
    const at = await place();
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    await at.secret({ input: 'of-profile' }, 'set', 'ONE', '--profile', 'team/triage');
    const file = join(at.service, 'profiles/team/triage/secrets.enc');
    await writeFile(file, (await readFile(file)).subarray(0, 20));
    const { code, out, err } = await at.secret({}, 'get', 'ONE', '--profile', 'team/triage', '--reveal');
    expect(code).toBe(0);
    expect(out).toContain('of-global');
    expect(err).toContain(file);
    expect(err).toContain('[secret_store_truncated]');
    for (const more of [[], ['--profile', 'team/triage']]) {
      const listed = await at.secret({}, 'list', ...more);
      expect(listed).toMatchObject({ code: 1, err: expect.stringContaining('[secret_store_truncated]') });
      expect(listed.err).toContain('[secret_list_incomplete]');
      expect(listed.out).toContain('ONE');
    }
    const json = await at.secret({}, 'list', '--json');
    expect(json.code).toBe(1);
    expect(JSON.stringify(JSON.parse(json.out))).toContain('secret_list_incomplete');
    expect(json.out).toContain('secret_store_truncated');
    await writeFile(join(at.service, 'secrets.enc'), 'x');
    const none = await at.secret({}, 'list');
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('2 stores cannot be read') });
    expect(none.out).not.toContain('No secrets');
  });

  test('a store that does not open for want of a passphrase counts as little, and nothing is written over it', async () => {
    const at = await place();
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    const before = await readFile(join(at.service, 'secrets.enc'));
    for (const [settings, code] of [
      [{}, 'passphrase_missing'],
      [{ GITHUB_FLOWS_PASSPHRASE: 'another one' }, 'secret_store_locked'],
    ] as const) {
      const read = await at.as(
        { ...settings, GITHUB_FLOWS_SECRET_ONE: 'of-environment' },
        {},
        'get',
        'ONE',
        '--reveal',
      );
      expect(read).toMatchObject({ code: 0, out: expect.stringContaining('of-environment') });
      expect(read.err).toContain(`[${code}]`);
      const written = await at.as(settings, { input: 'other' }, 'set', 'TWO');
      expect(written).toMatchObject({ code: 1, err: expect.stringContaining(`[${code}]`) });
    }
    expect(await readFile(join(at.service, 'secrets.enc'))).toEqual(before);
    expect(await readdir(at.service)).not.toContain('key');
  });

  test('because its key file is open to others says so', async () => {
    const at = await place({});
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    await chmod(join(at.service, 'key'), 0o644);
    expect((await at.secret({}, 'get', 'ONE')).err).toContain('[key_file_readable_by_others]');
  });
});

test('doctor opens every store, and names those that do not open', async () => {
  const at = await place();
  await at.secret({ input: 'of-global' }, 'set', 'ONE');
  await at.secret({ input: 'of-profile' }, 'set', 'ONE', '--profile', 'team/triage');
  await writeFile(join(at.service, 'profiles/team/triage/secrets.enc'), 'x'.repeat(10));
  const settings = {
    SECRETS_DIR: 'secrets',
    GITHUB_FLOWS_PASSPHRASE: PASSPHRASE,
    DOCKER_HOST: 'unix:///nowhere',
  };
  const { out } = await runCommandWith({}, at.directory, settings, 'doctor', '--json');
  const checks = JSON.parse(out).checks as { name: string; detail: string; problems: { code: string }[] }[];
  expect(checks.find(({ name }) => name === 'secret stores')).toMatchObject({
    detail: 'service/profiles/team/triage/secrets.enc, service/secrets.enc (1)',
    problems: [{ code: 'secret_store_truncated' }],
  });
});

describe('the passphrase', () => {
  test('the passphrase is made and kept in a key file when nobody is there to choose one', async () => {
    const at = await place({});
    const { code, err } = await at.secret({ input: 'of-global' }, 'set', 'ONE');
    expect(code).toBe(0);
    expect(err).toContain(join(at.service, 'key'));
    expect((await stat(join(at.service, 'key'))).mode & 0o777).toBe(0o600);
    expect((await at.secret({}, 'get', 'ONE', '--reveal')).out).toContain('of-global');
  });

  test('the passphrase is asked for twice at first, and checked by decrypting later', async () => {
    const at = await place({});
    expect((await at.secret({ answers: ['first', 'second'] }, 'set', 'ONE')).err).toContain(
      '[passphrase_differs]',
    );
    expect((await at.secret({ answers: ['right', 'right', 'value-of-one'] }, 'set', 'ONE')).code).toBe(0);
    const read = await at.secret({ answers: ['wrong', 'right'] }, 'get', 'ONE', '--reveal');
    expect(read.out).toContain('value-of-one');
    expect(read.err).toContain('This passphrase opens none of them.');
    const never = await at.secret({ answers: ['a', 'b', 'c'] }, 'get', 'ONE');
    expect(never).toMatchObject({ code: 1, err: expect.stringContaining('[passphrase_wrong]') });
    expect(await readdir(at.service)).not.toContain('key');
  });
});

describe('secret rotate', () => {
  test('secret rotate gives every store a new passphrase', async () => {
    const at = await place();
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    await at.secret({ input: 'of-profile' }, 'set', 'ONE', '--profile', 'team/triage');
    const rotated = await at.secret({ input: 'the new one\n' }, 'rotate');
    expect(rotated).toMatchObject({ code: 0, out: expect.stringContaining('2 stores were rewritten.') });
    expect((await at.secret({}, 'get', 'ONE')).code).toBe(1);
    const now = await at.as(
      { GITHUB_FLOWS_PASSPHRASE: 'the new one' },
      {},
      'get',
      'ONE',
      '--profile',
      'team/triage',
      '--reveal',
    );
    expect(now.out).toContain('of-profile');
  });

  test('changes the key file last, and takes up what was cut short', async () => {
    const at = await place({});
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    const key = await readFile(join(at.service, 'key'), 'utf8');
    await at.secret({}, 'rotate');
    const second = await readFile(join(at.service, 'key'), 'utf8');
    expect(second).not.toBe(key);
    // As a rotation leaves it that was killed when the store was written already: both keys are there.
    await writeFile(join(at.service, 'key.next'), second, { mode: 0o600 });
    await writeFile(join(at.service, 'key'), key, { mode: 0o600 });
    expect((await at.secret({}, 'get', 'ONE', '--reveal')).out).toContain('of-global');
    await at.secret({}, 'rotate');
    expect(await readFile(join(at.service, 'key'), 'utf8')).toBe(second);
    expect((await at.secret({}, 'get', 'ONE', '--reveal')).out).toContain('of-global');
    expect((await readdir(at.service)).toSorted()).toEqual([
      '.gitignore',
      'key',
      'secrets.enc',
      'stores.lock',
    ]);
  });

  test.each([
    ['passphrase', 'the new one', { GITHUB_FLOWS_PASSPHRASE: 'the new one' }],
    ['key-file', undefined, {}],
  ])(
    'to a %s that was cut short after the first store is finished by the same command',
    async (to, input, later) => {
      const at = await place();
      await at.secret({ input: 'of-global' }, 'set', 'ONE');
      await at.secret({ input: 'of-profile' }, 'set', 'TWO', '--profile', 'team/triage');
      const stores = ['secrets.enc', 'profiles/team/triage/secrets.enc'].map((name) =>
        join(at.service, name),
      );
      const [, second = ''] = stores;
      const before = await readFile(second);
      const rotate = async () => await at.secret(input === undefined ? {} : { input }, 'rotate', '--to', to);
      expect((await rotate()).code).toBe(0);
      // As a rotation leaves it that was killed between two stores.
      await writeFile(second, before);
      if (to === 'key-file') await rename(join(at.service, 'key'), join(at.service, 'key.next'));
      expect(await rotate()).toMatchObject({ code: 0 });
      const read = async (...argv: string[]) => (await at.as(later, {}, 'get', ...argv, '--reveal')).out;
      expect(await read('ONE')).toBe('of-global\n');
      expect(await read('TWO', '--profile', 'team/triage')).toBe('of-profile\n');
      expect(await readdir(at.service)).not.toContain('key.next');
    },
  );

  test('moves from a key file to a passphrase and back', async () => {
    const at = await place({});
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    expect((await at.secret({ input: 'mine' }, 'rotate', '--to', 'passphrase')).code).toBe(0);
    expect(await readdir(at.service)).not.toContain('key');
    const mine = { GITHUB_FLOWS_PASSPHRASE: 'mine' };
    expect((await at.as(mine, {}, 'rotate', '--to', 'key-file')).out).toContain(
      'Remove GITHUB_FLOWS_PASSPHRASE',
    );
    expect((await at.secret({}, 'get', 'ONE', '--reveal')).out).toContain('of-global');
  });

  test('changes nothing when one store does not open, and needs a new passphrase', async () => {
    const at = await place();
    await at.secret({ input: 'of-global' }, 'set', 'ONE');
    await at.secret({ input: 'of-profile' }, 'set', 'ONE', '--profile', 'team/triage');
    expect((await at.secret({ input: '' }, 'rotate')).code).toBe(2);
    await writeFile(join(at.service, 'profiles/team/triage/secrets.enc'), 'x'.repeat(100));
    const refused = await at.secret({ input: 'the new one' }, 'rotate');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('[secret_stores_not_rotated]') });
    expect((await at.secret({}, 'get', 'ONE', '--reveal')).out).toContain('of-global');
  });
});
