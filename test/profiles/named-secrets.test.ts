import { expect, test } from 'vitest';
import { secretProblems, toSecrets } from '../../src/profiles/named-secrets.ts';
import { createSchemaCheck } from '../../src/profiles/read/schema.ts';

const check = createSchemaCheck();
const issues = (secrets: unknown): (string | undefined)[] =>
  check({ credentials: { secrets } }, 'profile.json').issues.map(({ code, path }) => `${code} ${path}`);

test('a secret is named alone, or with the variable that it is exported as', () => {
  const secrets = ['PLAIN', { name: 'WITH', env: 'VARIABLE' }, { name: 'alone_9' }];
  expect(issues(secrets)).toEqual([]);
  expect(toSecrets(secrets)).toEqual([
    { name: 'PLAIN', env: undefined },
    { name: 'WITH', env: 'VARIABLE' },
    { name: 'alone_9', env: undefined },
  ]);
});

test.each([
  [['9A'], 'profile_wrong_value /credentials/secrets/0'],
  [['a-b'], 'profile_wrong_value /credentials/secrets/0'],
  [['codex'], 'profile_wrong_value /credentials/secrets/0'],
  [[7], 'profile_wrong_value /credentials/secrets/0'],
  [[{ env: 'X' }], 'profile_wrong_value /credentials/secrets/0'],
  [[{ name: '../x' }], 'profile_wrong_value /credentials/secrets/0/name'],
  [[{ name: 'A', environment: 'X' }], 'profile_unknown_key /credentials/secrets/0/environment'],
  [[{ name: 'A', env: 'gf_limit' }], 'profile_wrong_value /credentials/secrets/0/env'],
  ['A', 'profile_wrong_value /credentials/secrets'],
])('%j is an error: %s', (secrets, issue) => {
  expect(issues(secrets)).toEqual([issue]);
});

test.each([
  ['LD_PRELOAD', 'env_name_refused'],
  ['PATH', 'env_name_refused'],
  ['GIT_SSH_COMMAND', 'env_name_refused'],
  ['NODE_OPTIONS', 'env_name_refused'],
  ['A B', 'env_name_invalid'],
  ['', 'env_name_invalid'],
])('no secret is exported as %j', (env, code) => {
  expect(secretProblems(['OTHER', { name: 'A', env }])).toMatchObject([{ index: 1, code }]);
});

test('two secrets are not exported as one variable', () => {
  const settings = [
    { name: 'A', env: 'TOKEN' },
    { name: 'B', env: 'TOKEN' },
  ];
  expect(secretProblems(settings)).toMatchObject([{ index: 1, code: 'secret_variable_twice' }]);
});
