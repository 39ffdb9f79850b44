import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secretValues } from '../../src/credentials/inject/mask-secrets.ts';

const values = (path: string, text: string): string[] => secretValues(path, Buffer.from(text));

test('a credential file of one value is that value', () => {
  expect(values('key', '  s3cret-value \n')).toContain('s3cret-value');
});

test.each([
  ['PASSWORD="s3cret-value"\n', 's3cret-value'],
  ['password: s3cret-value', 's3cret-value'],
  ['machine github.com login me password s3cret-value', 's3cret-value'],
  ['machine github.com login me 0123456789abcdefghijkl', '0123456789abcdefghijkl'],
  ['-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQ'],
  ['{"any": ["ghp_0123456789abcdefghijk"]}', 'ghp_0123456789abcdefghijk'],
  ['{"api_key": "short-one"}', 'short-one'],
  ['{"headers": {"Authorization": "Bearer abc-def-ghi"}}', 'abc-def-ghi'],
])('in %j the secret is found', (text, value) => {
  expect(values('file', text)).toContain(value);
});

test('ordinary words of a credential file are not taken for secrets', () => {
  expect(values('netrc', 'machine github.com login somebody password s3cret-value')).not.toContain(
    'github.com',
  );
});

test('of a state’s settings only what is kept under a telling key counts', () => {
  const toml =
    'model = "gpt-5-codex-2026-01-01-preview"\n[mcp_servers.x]\nbearer_token_env_var = "MY_TOKEN_VARIABLE"\n[mcp_servers.x.env]\nSERVICE_TOKEN = "s3cret-value"\n';
  expect(values('codex/config.toml', toml)).toEqual(['s3cret-value']);
  expect(values('claude/CLAUDE.md', 'password: none of your business')).toEqual([]);
  expect(
    values('claude/settings.json', '{"theme":"dark-daltonized","apiKeyHelper":"/usr/bin/helper"}'),
  ).toEqual([]);
});

test('any bytes give at most 200 values, quickly, and none too short to be told from a word', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 500 }),
      fc.constantFrom('a', 'a.toml', 'codex/a.json', 'codex/a.toml'),
      (bytes, path) => secretValues(path, Buffer.from(bytes)).every((value) => value.length >= 6),
    ),
  );
  const long = 'a1'.repeat(500_000);
  const started = performance.now();
  for (const text of [
    long,
    `${'x '.repeat(500_000)}`,
    `"${'\\"'.repeat(400_000)}`,
    `${'='.repeat(1_000_000)}`,
    '\n'.repeat(1e6),
  ]) {
    expect(values('file', text).length).toBeLessThanOrEqual(200);
  }
  expect(performance.now() - started).toBeLessThan(5000);
});
