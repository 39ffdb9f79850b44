import { describe, expect, test } from 'vitest';
import { tokenIn } from '../../src/log/token-shapes.ts';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';
import { checkEnvName } from '../../src/mounts/flags/env-names.ts';
import { size } from '../support/suite/size.ts';

/** Joined from parts, so that nobody who searches this repository for tokens finds one. */
const token = (...parts: string[]): string => parts.join('');
const LETTERS = 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2dE3fG4';

const TOKENS: [string, string][] = [
  ['a GitHub token', token('ghp', '_', LETTERS.slice(0, 36))],
  ['a GitHub token', token('gho', '_', LETTERS.slice(0, 36))],
  ['a GitHub token', token('ghs', '_', LETTERS.slice(0, 36))],
  ['a GitHub token', token('ghu', '_', LETTERS.slice(0, 36))],
  ['a GitHub token', token('github', '_pat_', '11ABCDEFG0', LETTERS, '_', LETTERS)],
  ['an OpenAI key', token('sk', '-', LETTERS.repeat(2))],
  ['an OpenAI key', token('sk', '-proj-', LETTERS, '_', LETTERS)],
  ['an Anthropic key', token('sk', '-ant-', 'api03-', LETTERS, '-', LETTERS)],
  ['an AWS access key', token('AKIA', 'IOSFODNN7EXAMPLE')],
  ['an AWS access key', token('ASIA', 'IOSFODNN7EXAMPLE')],
  ['a Slack token', token('xoxb', '-123456789012-123456789012-', LETTERS.slice(0, 24))],
  ['a Slack token', token('xoxp', '-123456789012-', LETTERS.slice(0, 24))],
  ['a Google API key', token('AIza', 'SyA-', LETTERS.slice(0, 31))],
  ['a private key', token('-----BEGIN ', 'RSA PRIVATE KEY-----\nMIIE')],
  ['a private key', token('-----BEGIN ', 'PRIVATE KEY-----')],
  ['a private key', token('-----BEGIN ', 'OPENSSH PRIVATE KEY-----')],
  ['a private key', token('-----BEGIN ', 'PGP PRIVATE KEY BLOCK-----')],
  ['a JSON Web Token', token('eyJ', 'hbGciOiJIUzI1NiJ9', '.eyJ', 'zdWIiOiIxMjM0NTY3ODkwIn0', '.', LETTERS)],
  ['an npm token', token('npm', '_', LETTERS.slice(0, 36))],
  ['a PyPI token', token('pypi', '-AgEIcHlwaS5vcmc', LETTERS)],
  ['a GitLab token', token('glpat', '-', LETTERS.slice(0, 20))],
  ['a Hugging Face token', token('hf', '_', LETTERS.slice(0, 34))],
  ['a Stripe key', token('sk', '_live_', LETTERS.slice(0, 24))],
];

const HARMLESS = [
  '/run/secrets/gh-token',
  'export GH_TOKEN="$(tr -d \'\\r\\n\' < "$GH_TOKEN_FILE")"; exec codex exec -C /workspace/repo',
  'https://x-access-token:$GH_TOKEN@github.com/owner/repository.git',
  'ghp_',
  'task-runner-with-a-long-name-2026',
  'sk-loading-indicator-container-wide-element',
  'risk-assessment-of-1234567890-items-in-stock',
  'eyJhbGciOiJIUzI1NiJ9',
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN PUBLIC KEY-----',
  'sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1',
  'npm_config_registry',
  'npm_lifecycle_event_for_the_build',
  '0123456789012345678901234567890123456789',
  'AKIAREGION',
  'info',
];

describe('what looks like a secret', () => {
  test.each(TOKENS)('is found: %s', (what, value) => {
    expect(tokenIn(value)).toBe(what);
    expect(tokenIn(`curl -H "Authorization: Bearer ${value}" https://example.org`)).toBe(what);
    expect(tokenIn(`https://user:${value}@example.org`)).toBe(what);
    expect(tokenIn(`A=${value}\nB=1`)).toBe(what);
  });

  test.each(HARMLESS)('is not %s', (text) => {
    expect(tokenIn(text)).toBeUndefined();
  });

  test('what looks like a secret is looked for in a large text in a moment, whatever it is made of', () => {
    const bytes = size(2 ** 18, 2 ** 20);
    for (const piece of [
      'eyJ',
      'eyJaaaaaaaa.',
      'sk-',
      'sk-ant-',
      'ghp_',
      'AIza',
      '-----BEGIN A ',
      'xoxb-',
      'SG.a',
      'a',
    ])
      for (const text of [piece.repeat(Math.ceil(bytes / piece.length)), `${piece}${'a'.repeat(bytes)}`]) {
        const started = process.cpuUsage();
        tokenIn(text);
        const { user, system } = process.cpuUsage(started);
        expect([piece, user + system < 1_000_000]).toEqual([piece, true]);
      }
  });
});

describe('dockerArgs', () => {
  const [, value = ''] = TOKENS[0] ?? [];

  test.each([
    [['-e', `TOKEN=${value}`]],
    [[`--env=TOKEN=${value}`]],
    [['-e', value]],
    [['--label', `token=${value}`]],
    [[value]],
    [[`--${value}`]],
    [['--hostname', value]],
  ])('dockerArgs with a secret are refused without repeating it: %#', (args) => {
    const { problems } = parseDockerArgs(args);
    expect(problems.map(({ code }) => code)).toContain('secret_in_profile');
    expect(JSON.stringify(problems)).not.toContain(value.slice(4));
  });
});

describe('names that change how programs load', () => {
  test.each([
    ...[
      'LD_PRELOAD',
      'LD_AUDIT',
      'GCONV_PATH',
      'HOSTALIASES',
      'PATH',
      'BASH_ENV',
      'ENV',
      'BASH_LOADABLES_PATH',
    ],
    ...[
      'NODE_OPTIONS',
      'NODE_PATH',
      'npm_config_node_options',
      'NPM_CONFIG_NODE_OPTIONS',
      'Npm_Config_Script_Shell',
    ],
    ...[
      'npm_config_userconfig',
      'PYTHONSTARTUP',
      'PYTHONPATH',
      'PYTHONPYCACHEPREFIX',
      'PERL5OPT',
      'RUBYOPT',
      'GEM_PATH',
    ],
    ...[
      'JAVA_TOOL_OPTIONS',
      'GIT_DIR',
      'GIT_SSH_COMMAND',
      'GIT_CONFIG_COUNT',
      'GIT_EXEC_PATH',
      'DOCKER_HOST',
      'BUILDKIT_HOST',
    ],
    ...['LESSOPEN', 'SSH_ASKPASS', 'GOFLAGS', 'RUSTC_WRAPPER', 'GITHUB_FLOWS_RUN_ID'],
  ])('%s is refused', (name) => {
    expect(checkEnvName(name)).toMatchObject({ code: 'env_name_refused' });
  });

  test.each([
    ...['LOG_LEVEL', 'GH_TOKEN_FILE', 'HOME', 'TZ', 'LANG', 'CI', 'PAGER', 'npm_config_registry', 'NODE_ENV'],
    ...['GIT_AUTHOR_NAME', 'GIT_COMMITTER_EMAIL', 'PYTHONUNBUFFERED', 'CARGO_HOME', 'HTTPS_PROXY', 'PATHEXT'],
  ])('%s is not', (name) => {
    expect(checkEnvName(name)).toBeUndefined();
  });
});
