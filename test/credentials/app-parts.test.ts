import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { findServing } from '../../src/credentials/github/app-serving.ts';
import { appsFor } from '../../src/credentials/github-app/apps-for.ts';
import { newRecord, type StoredApp } from '../../src/credentials/github-app/record.ts';
import { loginsOf } from '../../src/credentials/github-app/signers.ts';
import { readState, signState } from '../../src/credentials/github-app/state.ts';
import type { AppTokens } from '../../src/credentials/github-app/tokens.ts';
import { baseUrlFor } from '../../src/credentials/github-app/url-pattern.ts';
import { apiOf, serverOf, tenantOf } from '../../src/github/tenant.ts';

const GITHUB = 'https://github.com';

describe('a URL pattern', () => {
  test.each([
    ['(?<baseUrl>https://github\\.com/octo)/.*', 'octo/hello', 'https://github.com/octo'],
    ['(?<baseUrl>https://github\\.com/octo)/.*', 'Octo/Hello', 'https://github.com/Octo'],
    ['(?P<baseUrl>https://github\\.com/octo)', 'octo/hello', 'https://github.com/octo'],
    ['^(?<baseUrl>https://github\\.com)/(octo|acme)/.+\\.git$', 'acme/shop', 'https://github.com'],
    ['(?<baseUrl>https://github\\.com/octo/)', 'octo/hello', 'https://github.com/octo/'],
    ['(?<baseUrl>https://github\\.com)', 'octo/hello', 'https://github.com'],
    ['(?<baseUrl>https://github\\.com/octo)', 'octo-evil/hello', undefined],
    ['(?<baseUrl>https://github\\.com/octo/hello)', 'octo/hello-evil', undefined],
    ['(?<baseUrl>https://github\\.com/octo)/.*', 'evil/octo', undefined],
    ['(?<baseUrl>https://ghe\\.example\\.org)/.*', 'octo/hello', undefined],
    ['https://(?<baseUrl>github\\.com)/.*', 'octo/hello', 'https://github.com'],
    ['(?<baseUrl>github.com)/octo/.*', 'octo/hello', 'https://github.com'],
    ['(?<baseUrl>github.com)/octo/.*', 'octo-evil/hello', undefined],
    ['(?<baseUrl>github\\.com/octo)', 'octo/hello', 'https://github.com/octo'],
    ['(?<baseUrl>github\\.com/octo).*', 'octo-evil/hello', undefined],
    ['(?<baseUrl>github\\.com/octo/hello)(\\.git)?', 'octo/hello', 'https://github.com/octo/hello'],
    ['^(?:https://)?(?<baseUrl>github\\.com)(/octo/.*)$', 'octo/hello', 'https://github.com'],
    ['(?<baseUrl>gitlab.com)/octo/.*', 'octo/hello', undefined],
    ['(?<baseUrl>com)/octo/.*', 'octo/hello', undefined],
    ['(?<baseUrl>hub.com)/octo/.*', 'octo/hello', undefined],
    ['(?<baseUrl>http://github.com)/octo/.*', 'octo/hello', undefined],
    ['.*(?<baseUrl>hub.com)/octo/.*', 'octo/hello', undefined],
    ['(?<baseUrl>x)?https://github\\.com/.*', 'octo/hello', undefined],
    ['(?<baseUrl>https://github\\.com/octo).*', 'octo-evil/hello', undefined],
    ['(?<baseUrl>https://github\\.com/octo).*', 'octo/hello', 'https://github.com/octo'],
    ['(?<baseUrl>https://github\\.com/octo/hello).*', 'octo/hello-evil', undefined],
    ['(?<baseUrl>https://github\\.com/octo/hello\\.git)', 'octo/hello', 'https://github.com/octo/hello.git'],
  ])('%s gives for %s the base %s', (pattern, repository, base) => {
    expect(baseUrlFor(pattern, GITHUB, repository)).toBe(base);
  });

  test('a URL pattern without a scheme matches the port of a server, too', () => {
    expect(baseUrlFor('(?<baseUrl>localhost:3000)/octo/.*', 'http://localhost:3000', 'octo/hello')).toBe(
      'http://localhost:3000',
    );
  });

  test('a URL pattern that would take a backtracking engine for ever is answered at once', () => {
    const began = performance.now();
    expect(
      baseUrlFor('(?<baseUrl>https://github.com/((a+)+)+)b/x', GITHUB, `${'a'.repeat(99)}/y`),
    ).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

test.each([
  ['https://api.github.com', 'https://github.com'],
  ['https://ghe.example.org/api/v3', 'https://ghe.example.org'],
  ['https://api.octo.ghe.com', 'https://octo.ghe.com'],
])('the server of %s is %s', (api, server) => {
  expect(serverOf(api)).toBe(server);
});

test.each([
  ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
  ['https://octo.ghe.com/api/v3', 'https://api.octo.ghe.com'],
  ['https://API.octo.ghe.com/', 'https://api.octo.ghe.com'],
  ['https://auth.ghe.com', undefined],
  ['https://ghe.com', undefined],
  ['https://octo.ghe.com.evil.example', undefined],
  ['https://a.b.ghe.com', undefined],
  ['file:///srv/git', undefined],
])('the API of the tenant of %s is %s', (address, api) => {
  expect(tenantOf(address)?.apiUrl).toBe(api);
});

test.each([
  ['https://github.com', 'https://api.github.com'],
  ['https://ghe.example.org/', 'https://ghe.example.org/api/v3'],
  ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
])('the API of %s is %s', (server, api) => {
  expect(apiOf(server)).toBe(api);
});

test('an App that is given any address of its tenant serves the repositories there', () => {
  for (const apiUrl of ['https://octo.ghe.com', 'https://octo.ghe.com/api/v3', 'https://api.octo.ghe.com/']) {
    const app = newRecord({ clientId: 'Iv23liBBrXuaC1AbC9dE', privateKey: new Secret('key'), apiUrl }, 0);
    expect(app).toMatchObject({
      apiUrl: 'https://api.octo.ghe.com',
      key: 'Iv23liBBrXuaC1AbC9dE@api.octo.ghe.com',
    });
    const hosts = { apiUrl: 'https://api.octo.ghe.com', serverUrl: 'https://octo.ghe.com' };
    expect(appsFor([app], 'octo/hello', hosts)).toEqual([app]);
  }
});

test.each<[string[], object]>([
  [['Iv1.second'], { kind: 'app', app: 'Iv1.second' }],
  [[], { kind: 'nothing', issue: expect.objectContaining({ code: 'app_suspended' }) }],
])('a repository whose first App fails is served by %j', async (serving, by) => {
  const apps = [
    ['Iv1.first', '(?<baseUrl>github.com/octo)/hello'],
    ['Iv1.second', '(?<baseUrl>github.com)/octo/.*'],
  ].map(([clientId = '', urlPattern = '']) =>
    newRecord({ clientId, urlPattern, privateKey: new Secret('key'), apiUrl: 'https://api.github.com' }, 0),
  );
  const tokens = {
    served: () => false,
    serves: async ({ clientId }: StoredApp) => {
      if (clientId !== 'Iv1.first') return serving.includes(clientId ?? '');
      throw new FlowError({
        code: 'app_suspended',
        blame: 'operator',
        message: 'It is asleep.',
        hint: 'Wake it.',
      });
    },
  } as unknown as AppTokens;
  const parts = { apps, tokens, tokenFile: '/nowhere', apiUrl: 'https://api.github.com', serverUrl: GITHUB };
  const found = await findServing(parts, 'octo/hello');
  expect(found.by).toEqual(by);
  expect(found.others[0]).toEqual({ app: 'Iv1.first', why: 'cannot be asked (app_suspended)' });
});

describe('a state', () => {
  const key = Buffer.alloc(32, 1);
  const wish = {
    name: 'robot',
    organisation: null,
    serverUrl: GITHUB,
    apiUrl: 'https://api.github.com',
    callbackUrl: 'http://127.0.0.1:3001/apps',
    urlPattern: null,
  };

  test('a state of the manifest flow is read back until its hour is over, by its own key alone', () => {
    const { state, text } = signState(key, wish, 1_000);
    expect(readState(key, text, 3_600_999)).toEqual(state);
    expect(() => readState(key, text, 3_601_000)).toThrow(
      expect.objectContaining({ code: 'app_state_expired' }),
    );
    expect(() => readState(Buffer.alloc(32, 2), text, 1_000)).toThrow(
      expect.objectContaining({ code: 'app_state_invalid' }),
    );
  });

  test('a state of the manifest flow with any character changed is refused', () => {
    const { text } = signState(key, wish, 1_000);
    for (let at = 0; at < text.length - 1; at += 7) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(() => readState(key, changed, 1_000)).toThrow(
        expect.objectContaining({ code: 'app_state_invalid' }),
      );
    }
  });

  test.each(['', '.', '..', 'a.b.c', 'null.', '.'.repeat(5000)])(
    'a state of the manifest flow is not %j',
    (text) => {
      expect(() => readState(key, text, 1_000)).toThrow(
        expect.objectContaining({ code: 'app_state_invalid' }),
      );
    },
  );
});

test('the logins of Apps are their slugs and what was given as a robot’s, once each', () => {
  const apps = [
    { slug: 'one', username: 'one[bot]' },
    { slug: null, username: 'two[bot]' },
    { slug: null, username: 'octocat' },
  ] as StoredApp[];
  expect(loginsOf(apps)).toEqual(['one[bot]', 'two[bot]']);
});
