import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GitHubToken } from '../../src/credentials/github/github-tokens.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github/apps.ts';
import { type AppLab, appJson, openAppLab } from '../support/service/app-tokens.ts';

const MINUTE = 60_000;
const REPOSITORY = 'octo/hello';
const SECRET = 'GITHUB_FLOWS_SECRET_DEPLOY_APP';

let lab: AppLab;
let own: StoodApp;
beforeEach(async () => {
  lab = await openAppLab();
  own = stand(REPOSITORY, 'octo/other');
  lab.environment[SECRET] = appJson(own);
});
afterEach(async () => await lab.close());

/** An App at the stand-in that no store knows. */
function stand(...repositories: string[]): StoodApp {
  const stood = makeApp();
  const [account = ''] = repositories[0]?.split('/') ?? [];
  stood.installations.push(makeInstallation(account, ...repositories));
  for (const repository of repositories) lab.api.repositories.add(repository);
  lab.api.apps.apps.push(stood);
  return stood;
}

const want = (over: object = {}) => ({
  repository: REPOSITORY,
  permissions: { contents: 'write', metadata: 'read' } as const,
  exact: true,
  tokenFile: join(lab.dir, 'gh-token'),
  appSecret: { profile: 'team/deploy', name: 'DEPLOY_APP' },
  ...over,
});

const revealed = (token: GitHubToken | undefined): string => token?.value.reveal() ?? '';

/** A stored App and a token file that would both serve. */
async function othersThatServe(): Promise<void> {
  await lab.addApp([REPOSITORY, 'octo/beyond']);
  chmodSync(lab.dir, 0o700);
  writeFileSync(join(lab.dir, 'gh-token'), 'ghp_static000000000000000000000000000000', { mode: 0o600 });
}

test('the App in the secret gives the token, for the one repository and these permissions, whatever else serves', async () => {
  await othersThatServe();
  const token = await lab.tokens.token(want());
  expect(lab.api.apps.tokens).toMatchObject([
    { app: own.slug, repositories: [REPOSITORY], permissions: { contents: 'write', metadata: 'read' } },
  ]);
  expect(revealed(token)).toBe(lab.api.apps.tokens[0]?.value);
  expect(token?.source).toMatchObject({ kind: 'app', app: own.slug, login: `${own.slug}[bot]` });
  expect(await lab.tokens.isYoung(revealed(token))).toBe(true);
  expect(lab.redactor.mask(revealed(token))).toBe('[masked]');
});

test('without the name of the secret the App serves nobody', async () => {
  await lab.tokens.token(want());
  const { appSecret: _named, ...unnamed } = want();
  expect(await lab.tokens.token(unnamed)).toBeUndefined();
  expect(await lab.tokens.hasApp(REPOSITORY)).toBe(false);
  expect(lab.mints()).toBe(1);
});

test('a token is used again by each profile that names the secret, and ends when GitHub refuses it', async () => {
  const first = revealed(await lab.tokens.token(want()));
  const again = { appSecret: { profile: 'team/other', name: 'DEPLOY_APP' } };
  expect(revealed(await lab.tokens.token(want(again)))).toBe(first);
  lab.clock.time += MINUTE;
  await lab.tokens.refused(first);
  expect(revealed(await lab.tokens.token(want()))).not.toBe(first);
  lab.clock.time += 51 * MINUTE;
  await lab.tokens.token(want());
  expect(lab.mints()).toBe(3);
});

test('another App in the secret counts at once', async () => {
  await lab.tokens.token(want());
  const next = stand(REPOSITORY);
  lab.environment[SECRET] = appJson(next);
  await lab.tokens.token(want());
  expect(lab.api.apps.tokens.map(({ app }) => app)).toEqual([own.slug, next.slug]);
});

const LEFT_OUT = { urlPattern: '(?<baseUrl>github.com)/acme/.*' };
const two = (): string => `[${appJson(own)},${appJson(makeApp())}]`;

test.each<[string, string, string, () => string | undefined, string?]>([
  ['is nowhere', 'secret_missing', 'is nowhere', () => undefined],
  ['is no JSON', 'app_secret_invalid', 'it is not JSON', () => own.pem],
  ['has no key', 'app_secret_invalid', 'private key', () => appJson({ ...own, pem: 'none' })],
  ['holds two Apps', 'app_secret_invalid', 'It holds 2 Apps, and one is wanted.', two],
  ['is not installed', 'app_secret_not_serving', 'not installed on it', () => appJson(own), 'octo/beyond'],
  [
    'has a pattern for others',
    'app_secret_not_serving',
    'leaves out https://github.com/octo/hello',
    () => appJson(own, LEFT_OUT),
  ],
  [
    'is of another host',
    'app_secret_not_serving',
    'has its API at http://127.0.0.1:9',
    () => appJson(own, { apiUrl: 'http://127.0.0.1:9' }),
  ],
])(
  'one that %s is an error that names the secret, and nothing takes its place',
  async (_how, code, words, held, repository = REPOSITORY) => {
    await othersThatServe();
    const text = held();
    if (text === undefined) delete lab.environment[SECRET];
    else lab.environment[SECRET] = text;
    const issue = await lab.tokens.token(want({ repository })).catch((error: unknown) => error);
    expect(issue).toMatchObject({
      code,
      message: expect.stringContaining(words),
      hint: expect.stringContaining('DEPLOY_APP'),
    });
    expect((issue as Error).message).toContain('DEPLOY_APP');
    expect(lab.mints()).toBe(0);
  },
);

test('a permission that its installation lacks is an error', async () => {
  const lacking = want({ permissions: { contents: 'write', workflows: 'write' } });
  await expect(lab.tokens.token(lacking)).rejects.toMatchObject({ code: 'app_permission_missing' });
});

test('the secret is masked as it is written, and so are key and webhook secret as they are used', async () => {
  const webhookSecret = 'the webhook secret of a profile';
  const text = appJson(own, { webhookSecret });
  lab.environment[SECRET] = text;
  await lab.tokens.token(want());
  const oneLine = own.pem.replaceAll(/-----[A-Z ]+-----/g, '').replaceAll(/\s/g, '');
  for (const value of [text, own.pem, oneLine, webhookSecret])
    expect(lab.redactor.mask(`a ${value.trim()} b`)).toBe('a [masked] b');
  expect(lab.log.join('')).not.toContain(oneLine.slice(0, 60));
});
