import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { GitHubToken } from '../../src/credentials/github/github-tokens.ts';
import { createClockWatch } from '../../src/github/clock-skew.ts';
import { makeInstallation } from '../support/github/apps.ts';
import { type AppLab, appOf, openAppLab } from '../support/service/app-tokens.ts';
import { until } from '../support/service/service.ts';
import { size } from '../support/suite/size.ts';

const MINUTE = 60_000;
const REPOSITORY = 'octo/hello';

/** Issues of a server that fails or is silent. */
const SLOW = [
  [{ status: 502 }, 'github_unreachable'],
  ['cut', 'github_unreachable'],
  ['silence', 'github_unreachable'],
] as const;

let lab: AppLab;
beforeEach(async () => {
  lab = await openAppLab();
});
afterEach(async () => await lab.close());

const want = (over: object = {}) => ({
  repository: REPOSITORY,
  permissions: { contents: 'write', metadata: 'read' } as const,
  exact: false,
  tokenFile: join(lab.dir, 'gh-token'),
  ...over,
});

const revealed = (token: GitHubToken | undefined): string => token?.value.reveal() ?? '';

function writeToken(value: string): void {
  chmodSync(lab.dir, 0o700);
  writeFileSync(join(lab.dir, 'gh-token'), value, { mode: 0o600 });
}

describe('a token of an App', () => {
  test('a token of an App is for the one repository and the permissions that were asked for, and for an hour', async () => {
    const { stood } = await lab.addApp([REPOSITORY, 'octo/other']);
    const token = await lab.tokens.token(want());
    expect(token?.source).toEqual({ kind: 'app', app: stood.clientId, username: 'x-access-token' });
    expect(lab.api.apps.tokens).toMatchObject([
      { repositories: [REPOSITORY], permissions: { contents: 'write', metadata: 'read' } },
    ]);
    expect(revealed(token)).toBe(lab.api.apps.tokens[0]?.value);
    expect((token?.expiresAt ?? 0) - lab.clock.time).toBeGreaterThan(59 * MINUTE);
  });

  test('a token of an App takes the place of the one in the file, which serves where no App is', async () => {
    writeToken('ghp_static000000000000000000000000000000');
    await lab.addApp([REPOSITORY]);
    expect((await lab.tokens.token(want()))?.source.kind).toBe('app');
    const other = await lab.tokens.token(want({ repository: 'octo/without' }));
    expect(other?.source).toEqual({ kind: 'file', file: join(lab.dir, 'gh-token') });
    expect(await lab.tokens.hasApp(REPOSITORY)).toBe(true);
    expect(await lab.tokens.hasApp('octo/without')).toBe(false);
  });

  test('there is no token without an App and a file; with an App that is not installed the hint is to install it', async () => {
    expect(await lab.tokens.token(want())).toBeUndefined();
    await lab.addApp([]);
    await expect(lab.tokens.token(want())).rejects.toMatchObject({
      code: 'app_not_installed',
      hint: expect.stringContaining('Install the App on octo/hello'),
    });
  });

  test('a token of an App is used again for fifty minutes, and then another is minted', async () => {
    await lab.addApp([REPOSITORY]);
    const first = revealed(await lab.tokens.token(want()));
    lab.clock.time += 49 * MINUTE;
    expect(revealed(await lab.tokens.token(want({ repository: 'Octo/Hello' })))).toBe(first);
    lab.clock.time += 2 * MINUTE;
    expect(revealed(await lab.tokens.token(want()))).not.toBe(first);
    expect(lab.mints()).toBe(2);
  });

  test('a token of an App is never given out within five minutes of its end, however long the cache', async () => {
    await lab.close();
    lab = await openAppLab({ cacheMs: 500 * MINUTE });
    await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want());
    lab.clock.time += 54 * MINUTE;
    await lab.tokens.token(want());
    expect(lab.mints()).toBe(1);
    lab.clock.time += 1.1 * MINUTE;
    await lab.tokens.token(want());
    expect(lab.mints()).toBe(2);
  });

  test('a token of an App is asked for once by fifty at once, and once more for other permissions or another repository', async () => {
    await lab.addApp([REPOSITORY, 'octo/other']);
    const many = await Promise.all(Array.from({ length: 50 }, async () => await lab.tokens.token(want())));
    expect(new Set(many.map(revealed)).size).toBe(1);
    expect(lab.mints()).toBe(1);
    const mixed = { metadata: 'read', contents: 'write' };
    expect(revealed(await lab.tokens.token(want({ permissions: mixed })))).toBe(revealed(many[0]));
    await Promise.all([
      lab.tokens.token(want({ permissions: { issues: 'read' } })),
      lab.tokens.token(want({ repository: 'octo/other' })),
    ]);
    expect(lab.mints()).toBe(3);
  });

  test('a token of an App is masked wherever it shows, and the key and its lines too', async () => {
    const { stored } = await lab.addApp([REPOSITORY]);
    const token = revealed(await lab.tokens.token(want()));
    expect(lab.redactor.mask(`a ${token} b`)).toBe('a [masked] b');
    expect(lab.redactor.mask(stored.privateKey.reveal()).trim()).toBe('[masked]');
    expect(JSON.stringify(stored)).not.toContain('PRIVATE KEY');
  });
});

describe('permissions', () => {
  test('permissions that the installation lacks are left out, or an error when they must be exact', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    const [installation] = stood.installations;
    if (installation) installation.permissions = { contents: 'read', metadata: 'read' };
    const permissions = { contents: 'write', checks: 'write', workflows: 'write' };
    await lab.tokens.token(want({ permissions }));
    expect(lab.api.apps.tokens.at(-1)?.permissions).toEqual({ contents: 'read' });
    await expect(lab.tokens.token(want({ permissions, exact: true }))).rejects.toMatchObject({
      code: 'app_permission_missing',
      message: expect.stringContaining('checks: write, contents: write, workflows: write'),
    });
  });

  test('permissions that were granted a moment ago count, though the installation was looked at before', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want());
    Object.assign(stood.installations[0]?.permissions ?? {}, { checks: 'write' });
    const token = await lab.tokens.token(want({ permissions: { checks: 'write' }, exact: true }));
    expect(token?.source.kind).toBe('app');
  });

  test('permissions never become everything: where none of them is there, the token may read metadata', async () => {
    await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want({ permissions: { secrets: 'write' } }));
    expect(lab.api.apps.tokens.at(-1)?.permissions).toEqual({ metadata: 'read' });
  });
});

describe('several', () => {
  test('installations of one App are found by the repository', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    stood.installations.push(makeInstallation('acme', 'acme/shop'));
    lab.api.repositories.add('acme/shop');
    await lab.tokens.token(want());
    await lab.tokens.token(want({ repository: 'acme/shop' }));
    expect(lab.api.apps.tokens.map(({ installation }) => installation)).toEqual(
      stood.installations.map(({ id }) => id),
    );
  });

  test('Apps are reported apart by URL pattern, the more specific first', async () => {
    const wide = await lab.addApp([REPOSITORY, 'octo/other'], {
      urlPattern: '(?<baseUrl>https://github.com)/.*',
    });
    const narrow = await lab.addApp([REPOSITORY], {
      urlPattern: '(?<baseUrl>https://github.com/octo)/hello',
    });
    await lab.tokens.token(want());
    await lab.tokens.token(want({ repository: 'octo/other' }));
    expect(lab.api.apps.tokens.map(({ app }) => app)).toEqual([narrow.stood.slug, wide.stood.slug]);
  });

  test('an App of another host serves nothing here, whatever its pattern lets in', async () => {
    const other = await openAppLab();
    const { stood } = await other.addApp([REPOSITORY]);
    await lab.store.put({
      ...appOf(stood, other.api.url),
      urlPattern: '(?<baseUrl>https://github.com)/.*',
    });
    expect(await lab.tokens.hasApp(REPOSITORY)).toBe(false);
    expect(await lab.tokens.token(want())).toBeUndefined();
    expect([...lab.api.requests, ...other.api.requests]).toEqual([]);
    await other.close();
  });

  test('an App with an installation id serves by that one alone', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    stood.installations.push(makeInstallation('acme', 'acme/shop'));
    lab.api.repositories.add('acme/shop');
    const [, second] = stood.installations;
    await lab.store.put({
      clientId: stood.clientId,
      privateKey: (await lab.store.all())[0]?.privateKey as never,
      apiUrl: lab.api.url,
      ...(second ? { installationId: second.id } : {}),
    });
    expect(await lab.tokens.hasApp('acme/shop')).toBe(true);
    expect(await lab.tokens.hasApp(REPOSITORY)).toBe(false);
  });

  test('hosts with the same installation id never share a token', async () => {
    const other = await openAppLab();
    const [here, there] = [await lab.addApp([REPOSITORY]), await other.addApp([REPOSITORY])];
    for (const { stood } of [here, there]) Object.assign(stood.installations[0] ?? {}, { id: 1 });
    const both = await Promise.all([lab.tokens.token(want()), other.tokens.token(want())]);
    expect(both.map(revealed)).toEqual([lab, other].map(({ api }) => api.apps.tokens[0]?.value));
    await other.close();
  });
});

describe('a clock that is off', () => {
  test.each([-25 * MINUTE, 90 * MINUTE])(
    'a clock that is off by %i ms is reported from GitHub’s, and the token lives its hour by ours',
    async (skewMs) => {
      lab.api.apps.skewMs = skewMs;
      await lab.addApp([REPOSITORY]);
      const token = await lab.tokens.token(want());
      const lives = (token?.expiresAt ?? 0) - lab.clock.time;
      expect(lives).toBeGreaterThan(59 * MINUTE);
      expect(lives).toBeLessThan(61 * MINUTE);
      lab.clock.time += 40 * MINUTE;
      expect(revealed(await lab.tokens.token(want()))).toBe(revealed(token));
    },
  );
});

test('a clock that is off is said once in the log, and one that is right never', () => {
  const lines: object[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const clock = { ...systemClock, now: () => 1_000_000_000 };
  const hear = createClockWatch({ clock, log });
  hear(1_000_000_000 - 20_000);
  expect(lines).toEqual([]);
  for (const offMs of [95_000, 95_000, -500_000]) hear(1_000_000_000 - offMs);
  expect(lines).toMatchObject([
    {
      code: 'clock_off',
      message: 'The clock of this machine is 95 s ahead of GitHub’s.',
      msg: 'clock of this machine is off',
    },
  ]);
});

test('a token of an App is young for half a minute, and one of a file never', async () => {
  await lab.addApp([REPOSITORY]);
  const value = revealed(await lab.tokens.token(want()));
  expect(await lab.tokens.isYoung(value)).toBe(true);
  lab.clock.time += 31_000;
  expect(await lab.tokens.isYoung(value)).toBe(false);
  expect(await lab.tokens.isYoung('ghp_static000000000000000000000000000000')).toBe(false);
});

describe('a failing mint', () => {
  const failsWith = async (): Promise<{ code: string; hint: string; message: string }> =>
    await lab.tokens.token(want()).then(
      () => Promise.reject(new Error('a token was given')),
      (error: unknown) => error as never,
    );

  test('a failing mint of a suspended installation says so, and works again once it is not', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want());
    const [installation] = stood.installations;
    if (!installation) throw new Error('no installation');
    installation.suspended = true;
    lab.clock.time += 51 * MINUTE;
    expect(await failsWith()).toMatchObject({ code: 'app_installation_suspended' });
    installation.suspended = false;
    lab.clock.time += 6_000;
    expect((await lab.tokens.token(want()))?.source.kind).toBe('app');
  });

  test('a failing mint of a revoked installation leads to the hint, whatever is remembered', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want());
    stood.installations = [];
    lab.clock.time += 51 * MINUTE;
    expect(await failsWith()).toMatchObject({ code: 'app_not_installed' });
  });

  test('refused by GitHub before its end is given out no more, and the installation is looked up anew', async () => {
    const { stood } = await lab.addApp([REPOSITORY]);
    const first = revealed(await lab.tokens.token(want())) ?? '';
    stood.installations = [makeInstallation('octo', REPOSITORY)];
    await lab.tokens.refused(first);
    expect(revealed(await lab.tokens.token(want()))).toBe(first);
    lab.clock.time += MINUTE;
    await lab.tokens.refused('ghs_another-token');
    expect(revealed(await lab.tokens.token(want()))).toBe(first);
    await lab.tokens.refused(first);
    const second = await lab.tokens.token(want());
    expect(revealed(second)).not.toBe(first);
    stood.installations = [];
    lab.clock.time += MINUTE;
    await lab.tokens.refused(revealed(second) ?? '');
    expect(await failsWith()).toMatchObject({ code: 'app_not_installed' });
  });

  test('a failing mint of the one installation that the App was added with says that this is gone', async () => {
    await lab.addApp([], { installationId: 77 });
    lab.api.repositories.add(REPOSITORY);
    expect(await failsWith()).toMatchObject({ code: 'app_installation_gone' });
  });

  test('a failing mint with a key that is another App’s is reported as the key’s error', async () => {
    const one = await lab.addApp([REPOSITORY]);
    const two = await lab.addApp([]);
    one.stood.publicKey = two.stood.publicKey;
    expect(await failsWith()).toMatchObject({
      code: 'app_key_refused',
      hint: expect.stringContaining('github-flows app add'),
    });
  });

  test.each([
    [{ status: 401 }, 'app_key_refused'],
    [{ status: 403 }, 'app_refused'],
    [{ status: 403, headers: { 'retry-after': '90' } }, 'github_rate_limited'],
    [{ status: 429, headers: { 'retry-after': '90' } }, 'github_rate_limited'],
    [{ status: 404 }, 'app_installation_gone'],
    [{ status: 422 }, 'app_repository_missing'],
    [{ body: { token: '', expires_at: 'soon' } }, 'github_answer_unreadable'],
    ['page', 'github_answer_unreadable'],
    // Each of these is tried for five to thirty seconds.
    ...SLOW.slice(0, size(0, SLOW.length)),
  ] as const)('answered with %j at the mint is %s, recorded with its hint', async (how, code) => {
    const { stored } = await lab.addApp([REPOSITORY], {
      urlPattern: '(?<baseUrl>https://github.com/octo)/.*',
    });
    await lab.tokens.hasApp(REPOSITORY);
    lab.api.misbehaveAt(/access_tokens$/, how, 9);
    const error = await failsWith();
    expect(error).toMatchObject({ code });
    expect(error.hint.length).toBeGreaterThan(20);
    const [record] = await lab.records.list();
    expect(record).toMatchObject({ app: stored.key, repository: REPOSITORY, lastError: { code } });
  });

  test.each([
    [
      422,
      'The permissions requested are not granted to this installation.',
      'app_permissions_not_accepted',
      /accept the new permissions .*https:\/\/\S+\/permissions\/update/,
    ],
    [403, 'This installation has been suspended', 'app_installation_suspended', /unsuspend .*https:\/\//],
    [422, 'There is at least one repository that does not exist', 'app_repository_missing', /still has/],
    [403, 'The App was blocked', 'app_refused', /blocked/],
    [403, 'the `octo` organization has an IP allow list enabled', 'app_refused', /address .* IP allow list/],
  ])(
    'answered with %i “%s” is %s with GitHub’s sentence and what to do',
    async (status, message, code, hint) => {
      await lab.addApp([REPOSITORY], { urlPattern: '(?<baseUrl>https://github.com/octo)/.*' });
      lab.api.misbehaveAt(/access_tokens$/, { status, message }, 9);
      const error = await failsWith();
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
      expect(error.hint).toMatch(hint);
    },
  );

  test('a failing mint that passes is tried again by itself until it works, and then nothing is left of the failure', async () => {
    await lab.addApp([REPOSITORY], { urlPattern: '(?<baseUrl>https://github.com/octo)/.*' });
    await lab.tokens.hasApp(REPOSITORY);
    lab.api.misbehaveAt(/access_tokens$/, { status: 429, headers: { 'retry-after': '3' } });
    const errors = await Promise.all([failsWith(), failsWith()]);
    expect([...errors, await failsWith()].map(({ code }) => code)).toEqual(
      Array(3).fill('github_rate_limited'),
    );
    expect(lab.mints()).toBe(1);
    // GitHub said when the limit is over, and is not asked before.
    lab.clock.time += 2_900;
    expect((await failsWith()).code).toBe('github_rate_limited');
    expect(lab.mints()).toBe(1);
    lab.clock.time += 100;
    await until('a token was minted', async () =>
      (await lab.records.list())[0]?.mintedAt ? true : undefined,
    );
    expect((await lab.records.list())[0]).toMatchObject({ failures: 0, lastError: null });
    expect(lab.mints()).toBe(2);
  });

  test('a failing mint leaves the last token in use for as long as it is good', async () => {
    await lab.addApp([REPOSITORY]);
    const first = revealed(await lab.tokens.token(want()));
    lab.clock.time += 51 * MINUTE;
    lab.api.misbehaveAt(/access_tokens$/, { status: 403, headers: { 'retry-after': '90' } }, 9);
    expect(revealed(await lab.tokens.token(want()))).toBe(first);
    lab.clock.time += 5 * MINUTE;
    expect(await failsWith()).toMatchObject({ code: 'github_rate_limited' });
  });

  test('a failing mint does not stop another App, a repository without an App, or the file where the App was never seen', async () => {
    writeToken('ghp_static000000000000000000000000000000');
    const broken = await lab.addApp([]);
    const other = await lab.addApp([REPOSITORY]);
    broken.stood.publicKey = other.stood.publicKey;
    const source = async (repository = REPOSITORY) => (await lab.tokens.token(want({ repository })))?.source;
    expect(await source()).toMatchObject({ kind: 'app', app: other.stood.clientId });
    expect(await source('octo/without')).toMatchObject({ kind: 'file' });
    // GitHub was asked as the broken App too, which signs with a key that is not its own.
    const asked = lab.api.requests.map(({ authorization = '' }) => authorization.split('.')[1] ?? '');
    const issuers = asked.map((claims) => Buffer.from(claims, 'base64url').toString());
    expect(issuers.join()).toContain(broken.stood.clientId);
  });

  test('a failing mint of an App that should serve does not fall back to the file', async () => {
    writeToken('ghp_static000000000000000000000000000000');
    const { stood } = await lab.addApp([REPOSITORY]);
    await lab.tokens.token(want());
    Object.assign(stood.installations[0] ?? {}, { suspended: true });
    lab.clock.time += 51 * MINUTE;
    expect(await failsWith()).toMatchObject({ code: 'app_installation_suspended' });
    expect(await lab.tokens.hasApp(REPOSITORY)).toBe(true);
  });
});

test('a store of Apps that cannot be read leaves the file in use, and without one is the error that is reported', async () => {
  await lab.addApp([REPOSITORY]);
  writeFileSync(join(lab.dir, 'service/apps.enc'), Buffer.alloc(100), { mode: 0o600 });
  await expect(lab.tokens.token(want())).rejects.toMatchObject({ code: 'secret_store_locked' });
  writeToken('ghp_static000000000000000000000000000000');
  expect((await lab.tokens.token(want()))?.source.kind).toBe('file');
});

test('no file of the service and no line of its log holds a token or a key, though GitHub repeats them', async () => {
  const { stored } = await lab.addApp([REPOSITORY]);
  const token = revealed(await lab.tokens.token(want()));
  const keyLine = stored.privateKey.reveal().split('\n')[3] ?? '';
  lab.clock.time += 51 * MINUTE;
  lab.api.misbehaveAt(/access_tokens$/, { status: 403, message: `No more than ${token}.` }, 9);
  await expect(lab.tokens.token(want())).rejects.toMatchObject({ code: 'app_refused' });
  expect(await lab.records.list()).toMatchObject([{ lastError: { code: 'app_refused' } }]);
  const files = readdirSync(lab.dir, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['apps.enc', 'test.db']));
  const all = files.map((each) => readFileSync(join(each.parentPath, each.name), 'latin1')).join('');
  const said = lab.log.join('');
  for (const text of [all, said]) expect(text).toContain('No more than [masked].');
  for (const secret of [token, keyLine])
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('hex'),
    ]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(all).not.toContain(form);
      expect(said).not.toContain(form);
    }
});
