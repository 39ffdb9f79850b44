import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FlowError, IssuesError } from '../../src/base/errors.ts';
import { loadConfig } from '../../src/config/load.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { envFileIssues, findSettings, readSettings } from '../../src/config/settings.ts';
import { checkWebhookSecret } from '../../src/config/webhook-secret.ts';
import { REPOSITORY_LIMITS } from '../../src/workspaces/git-limits.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

function faultsOf(settings: Record<string, string>): string[] {
  try {
    loadConfig(settings, '/srv/app');
    return [];
  } catch (error) {
    if (!(error instanceof IssuesError)) throw error;
    expect(error.code).toBe('config_invalid');
    return error.issues.map((issue) => `${issue.path} ${issue.code}`);
  }
}

describe('the configuration', () => {
  test('the configuration is complete without a single setting', () => {
    const config = loadConfig({}, '/srv/app');
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      webhookSecrets: [],
      profilesDir: '/srv/app/profiles',
      varDir: '/srv/app/var',
      workspaceRoot: '/srv/app/var/work',
      secretsDir: join(homedir(), '.secrets'),
      githubApiUrl: 'https://api.github.com',
      maxConcurrentRuns: 2,
      keepFailedMs: 86_400_000,
    });
    expect(config.run).toMatchObject({ memoryBytes: 4 * 1024 ** 3, cpus: 2, pids: 512, network: 'open' });
    expect(config.runAs.uid).not.toBe(0);
  });

  test('limits repositories as the code does that is given no limits', () => {
    expect(loadConfig({}, '/srv/app').repositoryLimits).toEqual(REPOSITORY_LIMITS);
  });

  test('the configuration ends preparing at half of what must be free for a run to begin, unless told', () => {
    expect(loadConfig({}, '/srv/app').preparing.freeBytes).toBe(512 * 1024 ** 2);
    expect(loadConfig({ MIN_FREE_TO_RUN: '32m' }, '/srv/app').preparing.freeBytes).toBe(16 * 1024 ** 2);
    expect(loadConfig({ MIN_FREE_TO_PREPARE: '3g' }, '/srv/app').preparing.freeBytes).toBe(3 * 1024 ** 3);
  });

  test('the configuration says how many options are wrong in a whole sentence', () => {
    expect(() => loadConfig({ PORT: 'x' }, '/srv/app')).toThrow('One option is not as it should be.');
    expect(() => loadConfig({ PORT: 'x', RUN_CPUS: '0' }, '/srv/app')).toThrow(
      '2 options are not as they should be.',
    );
  });

  test('the configuration takes relative paths from the directory it was started in, and ~ from the home', () => {
    const config = loadConfig(
      { VAR_DIR: 'data', SECRETS_DIR: '~/keys', HOST_HOMES: '/h/a:/h/b' },
      '/srv/app',
    );
    expect(config.varDir).toBe('/srv/app/data');
    expect(config.workspaceRoot).toBe('/srv/app/data/work');
    expect(config.secretsDir).toBe(join(homedir(), 'keys'));
    expect(config.hostHomes).toEqual([homedir(), '/h/a', '/h/b']);
  });

  test('the configuration tells every error at once, with the option that has it', () => {
    const wrong = {
      PORT: '70000',
      MAX_CONCURRENT_RUNS: '-1',
      RUN_MEMORY: 'lots',
      GITHUB_API_URL: 'ftp://example.org',
      NETWORK_DEFAULT: 'some',
      LOG_LEVEL: 'loud',
      RUN_AS: '1000',
      WEBHOOK_SECRET: 'short',
    };
    expect(faultsOf(wrong).toSorted()).toEqual(
      Object.keys(wrong)
        .map((name) => `${name} ${name === 'WEBHOOK_SECRET' ? 'webhook_secret_weak' : 'option_invalid'}`)
        .toSorted(),
    );
  });

  test.each(['0:0', '0:1000', '1000:0', '1000', 'user:user', '-1:5', '1000:1000:1000'])(
    'the configuration refuses RUN_AS=%s',
    (value) => {
      expect(faultsOf({ RUN_AS: value })).toEqual(['RUN_AS option_invalid']);
    },
  );

  test.each([
    ['0123456789abcde', 'has 15 bytes'],
    ['change-me-change-me', 'is a sample'],
    ["It's a Secret to Everybody", 'is a sample'],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'is a sample'],
  ])('the configuration refuses the webhook secret %j, without repeating it', (secret, why) => {
    expect(checkWebhookSecret('WEBHOOK_SECRET', secret)?.message).toContain(`WEBHOOK_SECRET ${why}`);
    expect(faultsOf({ WEBHOOK_SECRET: secret })).toEqual(['WEBHOOK_SECRET webhook_secret_weak']);
    try {
      loadConfig({ WEBHOOK_SECRET: secret }, '/');
    } catch (error) {
      expect(JSON.stringify((error as IssuesError).issues)).not.toContain(secret);
    }
  });

  test('the configuration never shows a secret when it is printed', () => {
    const secret = 'a-long-enough-secret-of-ours';
    const { webhookSecrets } = loadConfig({ WEBHOOK_SECRET: secret }, '/');
    expect(`${JSON.stringify(webhookSecrets)}${String(webhookSecrets[0])}`).not.toContain(secret);
    expect(webhookSecrets[0]?.reveal()).toBe(secret);
  });

  test('the configuration refuses an address that carries a password, without repeating the password', () => {
    expect(faultsOf({ GITHUB_SERVER_URL: 'https://me:hunter22@example.org' })).toEqual([
      'GITHUB_SERVER_URL option_invalid',
    ]);
  });

  test.each([
    [{ GITHUB_SERVER_URL: 'https://octo.ghe.com' }],
    [{ GITHUB_API_URL: 'https://api.octo.ghe.com/' }],
    [{ GITHUB_SERVER_URL: 'https://octo.ghe.com/', GITHUB_API_URL: 'https://api.octo.ghe.com' }],
  ])('one address of a tenant gives the other: %j', (addresses) => {
    expect(loadConfig(addresses, '/')).toMatchObject({
      githubServerUrl: 'https://octo.ghe.com',
      githubApiUrl: 'https://api.octo.ghe.com',
    });
  });

  test.each([
    [{ GITHUB_SERVER_URL: 'https://ghes.corp.com' }],
    [{ GITHUB_API_URL: 'https://ghes.corp.com/api/v3' }],
    [{ GITHUB_SERVER_URL: 'https://ghes.corp.com', GITHUB_API_URL: 'https://GHES.corp.com/api/v3' }],
  ])('of an Enterprise Server one address tells the other: %j', (addresses) => {
    const { githubServerUrl, githubApiUrl } = loadConfig(addresses, '/');
    expect(githubServerUrl).toBe('https://ghes.corp.com');
    expect(githubApiUrl.toLowerCase()).toBe('https://ghes.corp.com/api/v3');
  });

  test.each([
    ['https://one.corp.com', 'https://other.corp.com/api/v3', 'https://one.corp.com/api/v3'],
    ['https://acme.ghe.com', 'https://ghes.corp.com/api/v3', 'https://api.acme.ghe.com'],
    ['https://ghes.corp.com', 'https://api.github.com', 'https://ghes.corp.com/api/v3'],
    ['https://github.com', 'https://ghes.corp.com/api/v3', 'https://ghes.corp.com'],
    ['https://api.github.com', 'https://api.github.com', 'https://github.com'],
    ['https://github.com/owner', 'https://api.github.com', 'https://github.com'],
    ['https://github.com', 'https://github.com', 'https://api.github.com'],
    ['https://ghes.corp.com', 'https://ghes.corp.com', 'https://ghes.corp.com/api/v3'],
  ])('%s with the API %s is answered with %s', (server, api, right) => {
    try {
      loadConfig({ GITHUB_SERVER_URL: server, GITHUB_API_URL: api }, '/');
      expect.unreachable();
    } catch (error) {
      expect((error as IssuesError).issues).toMatchObject([
        { code: 'option_invalid', message: expect.stringContaining(`should be ${right}:`) },
      ]);
    }
  });

  test('addresses without TLS are for trials and go with any other', () => {
    const addresses = { GITHUB_SERVER_URL: 'file:///srv/git', GITHUB_API_URL: 'http://127.0.0.1:9' };
    expect(loadConfig(addresses, '/')).toMatchObject({
      githubServerUrl: addresses.GITHUB_SERVER_URL,
      githubApiUrl: addresses.GITHUB_API_URL,
    });
    expect(loadConfig({ GITHUB_API_URL: 'http://127.0.0.1:9' }, '/').githubServerUrl).toBe(
      'https://github.com',
    );
  });

  test.each([
    ['GITHUB_API_URL', 'https://octo.ghe.com', 'https://api.octo.ghe.com'],
    ['GITHUB_API_URL', 'https://octo.ghe.com/api/v3', 'https://api.octo.ghe.com'],
    ['GITHUB_API_URL', 'https://api.github.com', 'https://api.octo.ghe.com'],
    ['GITHUB_API_URL', 'https://api.other.ghe.com', 'https://api.octo.ghe.com'],
    ['GITHUB_SERVER_URL', 'https://api.octo.ghe.com', 'https://octo.ghe.com'],
    ['GITHUB_SERVER_URL', 'http://octo.ghe.com', 'https://octo.ghe.com'],
    ['GITHUB_SERVER_URL', 'https://github.com', 'https://octo.ghe.com'],
  ])('%s=%s is answered with the address that the tenant has', (name, address, right) => {
    const other = name === 'GITHUB_API_URL' ? 'GITHUB_SERVER_URL' : 'GITHUB_API_URL';
    const settings = {
      [other]: other === 'GITHUB_API_URL' ? 'https://api.octo.ghe.com' : 'https://octo.ghe.com',
      [name]: address,
    };
    expect(faultsOf(settings)).toEqual([`${name} option_invalid`]);
    try {
      loadConfig(settings, '/');
    } catch (error) {
      expect((error as IssuesError).issues[0]?.message).toContain(right);
    }
  });

  test.each<[text: string, faults: string[]]>([
    ['\ufeffPORT=1\nPORTT=2\n', ['Line 2 sets PORTT']],
    ['\u00a0PORT=1\n', ['Line 1 sets "\u00a0PORT"']],
    ["VAR_DIR='it\nWEBHOK_SECRET=1\nPORTT=3\n", ['Line 2 sets WEBHOK_SECRET', 'Line 3 sets PORTT']],
    ["VAR_DIR='a\nNOT=a line\nb'\nPORTT=3\n", ['Line 4 sets PORTT']],
    ['PORT=3000\rHOST=1\n', ['Line 1 has a carriage return inside']],
    ['=3\nPORT=1\r\nHOST=a\r\n', ['Line 1 is no NAME=value']],
  ])('a file of settings is judged as Node.js reads it: %j', async (text, faults) => {
    const file = join(await temporaryDirectory(), 'env');
    writeFileSync(file, text);
    const messages = envFileIssues(file).map(({ message }) => message);
    expect(messages.toSorted()).toEqual(faults.map((begin) => expect.stringMatching(`^${begin}`)));
  });

  test('a byte order mark before the first name is no part of it', async () => {
    const file = join(await temporaryDirectory(), 'env');
    writeFileSync(file, '\ufeffWEBHOOK_SECRETS_OF_A_TEST=1\n');
    const settings = readSettings({ file, directory: '/' });
    expect(settings.WEBHOOK_SECRETS_OF_A_TEST).toBe('1');
  });

  test('every option has a sentence that ends', () => {
    expect(OPTIONS.filter((option) => !/[.!]$/.test(option.sentence)).map((option) => option.name)).toEqual(
      [],
    );
  });
});

describe('the file of settings', () => {
  /** A current directory, a checkout and a host’s file, none of which is there yet. */
  async function places() {
    const dir = await temporaryDirectory();
    const [here, checkout] = [join(dir, 'here'), join(dir, 'checkout')];
    for (const each of [here, checkout]) mkdirSync(each);
    return { here, checkout, host: join(dir, 'env') };
  }

  test('the file of settings is read, and the environment wins over it', async () => {
    const dir = await temporaryDirectory();
    writeFileSync(join(dir, '.env'), 'GF_TEST_ONLY=from-file\nHOME=/elsewhere\n');
    const settings = readSettings(findSettings(dir, undefined));
    expect(settings.GF_TEST_ONLY).toBe('from-file');
    expect(settings.HOME).toBe(process.env.HOME);
  });

  test('the file of settings is the named one, else that of the directory, of the checkout, of the host, in this order', async () => {
    const { here, ...rest } = await places();
    const find = (named?: string) => findSettings(here, named, rest);
    expect(find()).toEqual({ file: undefined, directory: here });
    writeFileSync(rest.host, '');
    expect(find()).toEqual({ file: rest.host, directory: rest.checkout });
    writeFileSync(join(rest.checkout, '.env'), '');
    expect(find()).toEqual({ file: join(rest.checkout, '.env'), directory: rest.checkout });
    writeFileSync(join(here, '.env'), '');
    expect(find()).toEqual({ file: join(here, '.env'), directory: here });
    expect(find('../checkout/flows.env')).toEqual({
      file: join(rest.checkout, 'flows.env'),
      directory: rest.checkout,
    });
  });

  test('the file of settings that is named and not there, or cannot be read, is reported', async () => {
    const { here, ...rest } = await places();
    const code = (named: string) => {
      try {
        return readSettings(findSettings(here, named, rest));
      } catch (error) {
        return (error as FlowError).code;
      }
    };
    expect([code('nowhere.env'), code(rest.checkout)]).toEqual([
      'env_file_unreadable',
      'env_file_unreadable',
    ]);
  });
});

describe('the options of the secret stores', () => {
  test('the options of the secret stores have the order, the key file and the blanks of a passphrase as they are written', () => {
    const plain = loadConfig({ SECRETS_DIR: '/srv/secrets' }, '/srv/app');
    expect(plain).toMatchObject({
      passphrase: undefined,
      keyFile: '/srv/secrets/service/key',
      secretsOrder: ['profile', 'global', 'environment'],
      sshHostKeys: 'pinned',
    });
    const set = {
      GITHUB_FLOWS_PASSPHRASE: ' with blanks ',
      GITHUB_FLOWS_KEY_FILE: 'key',
      SECRETS_ORDER: 'environment, profile',
    };
    const config = loadConfig(set, '/srv/app');
    expect(config.passphrase?.reveal()).toBe(' with blanks ');
    expect(config).toMatchObject({ keyFile: '/srv/app/key', secretsOrder: ['environment', 'profile'] });
  });

  test.each([
    ['SECRETS_ORDER', 'global,elsewhere'],
    ['SECRETS_ORDER', 'global,global'],
    ['SECRETS_ORDER', ','],
    ['SSH_HOST_KEYS', 'yes'],
  ])('the options of the secret stores are refused as %s=%s', (name, text) => {
    expect(faultsOf({ [name]: text })).toEqual([`${name} option_invalid`]);
  });
});

describe('the options of maintenance', () => {
  test('the options of maintenance are counted in bytes and milliseconds', () => {
    const { maintenance } = loadConfig({ KEEP_BODIES_DAYS: '0.5', REDELIVER_MISSED: 'off' }, '/srv/app');
    expect(maintenance.keep.bodies).toEqual({ ms: 43_200_000, bytes: 5 * 1024 ** 3 });
    expect(maintenance.redeliver).toEqual({ enabled: false, everyMs: 300_000, backMs: 86_400_000 });
    expect(maintenance.disk.run.bytes).toBeGreaterThan(maintenance.disk.accept.bytes);
  });

  test('the options of maintenance are reported when they are wrong', () => {
    const wrong = {
      REDELIVER_MISSED: 'yes',
      KEEP_LOGS_DAYS: '0',
      PUBLIC_URL: 'file:///etc',
      ADMIN_PORT: 'x',
    };
    expect(faultsOf(wrong).toSorted()).toEqual(
      ['ADMIN_PORT', 'KEEP_LOGS_DAYS', 'PUBLIC_URL', 'REDELIVER_MISSED'].map(
        (name) => `${name} option_invalid`,
      ),
    );
  });
});
