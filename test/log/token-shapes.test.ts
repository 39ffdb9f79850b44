import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/log/redact.ts';
import { size } from '../support/suite/size.ts';

/** Characters that no pattern of ours repeats, in which digits and both cases stand. */
function random(length: number, alphabet = 'Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0'): string {
  return Array.from({ length }, (_, index) => alphabet[(index * 7) % alphabet.length]).join('');
}

const upper = 'ABCDEFGHIJ234567';
const pem = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey.trim();

const TOKENS: Readonly<Record<string, string>> = {
  'a personal token': `ghp_${random(36)}`,
  'an OAuth token': `gho_${random(36)}`,
  'a user token of an App': `ghu_${random(36)}`,
  'an installation token': `ghs_${random(36)}`,
  'an installation token that holds a JSON Web Token': `ghs_123_eyJ${random(60)}.eyJ${random(90)}.${random(43)}`,
  'a refresh token': `ghr_${random(76)}`,
  'a fine-grained token': `github_pat_${random(22)}_${random(59)}`,
  'an old OpenAI key': `sk-${random(48)}`,
  'an OpenAI project key': `sk-proj-${random(60)}-_${random(60)}`,
  'an OpenAI service key': `sk-svcacct-${random(80)}`,
  'an Anthropic key': `sk-ant-api03-${random(90)}-AA`,
  'a Google API key': `AIzaSy${random(33)}`,
  'a Google access token': `ya29.a0${random(120)}`,
  'a Google client secret': `GOCSPX-${random(28)}`,
  'an AWS key id': `AKIA${random(16, upper)}`,
  'a temporary AWS key id': `ASIA${random(16, upper)}`,
  'a Slack bot token': `xoxb-123456789012-1234567890123-${random(24)}`,
  'a Slack app token': `xapp-1-A0123-456-${random(64)}`,
  'a rotating Slack token': `xoxe.xoxp-1-${random(100)}`,
  'a private key': pem,
  'a private key in JSON': JSON.stringify(pem).slice(1, -1),
  'a private key in JSON in JSON': JSON.stringify(JSON.stringify(pem)).slice(3, -3),
};

function streamed(text: string, lengths: readonly number[]): string {
  const stream = createRedactor().stream();
  let shown = '';
  for (let at = 0, turn = 0; at < text.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    shown += stream.push(text.slice(at, at + length));
    at += length;
  }
  return shown + stream.end();
}

describe('a token that nobody handed out', () => {
  test.each(Object.entries(TOKENS))('%s is masked by its shape', (_what, token) => {
    const { mask } = createRedactor();
    for (const [before, after] of [
      ['', ''],
      ['token: ', '.'],
      ['"', '"'],
      ['X=', '\nnext line'],
      ['(', ')'],
      ['{"text":"one line\\n', '\\nnext"}'],
      ['{"text":"{\\"in\\":\\"it\\\\r\\\\n', '\\"}"}'],
      ['https://host/?token%3D', '%26'],
      ['\u001b[31m', '\u001b[0m'],
      ['"\\u001b[38;2;255;100;000m', '"'],
    ])
      expect(mask(`${before}${token}${after}`)).toBe(`${before}[masked]${after}`);
  });

  test('a token that nobody handed out is masked as well when it comes in pieces', () => {
    const words = [
      'token: ',
      'plain words, ',
      '\n',
      '"',
      '=',
      '-----BEGIN ',
      'sk-',
      'gh',
      'AKIA',
      '-',
      'x',
      '\\n',
      '%3D',
      '[0m',
      '\\',
    ];
    const part = fc.oneof(fc.constantFrom(...Object.values(TOKENS)), fc.constantFrom(...words), fc.string());
    const lengths = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), lengths, (parts, cuts) => {
        const text = parts.join('');
        expect(streamed(text, cuts)).toBe(createRedactor().mask(text));
      }),
      { numRuns: size(120, 20_000) },
    );
  });

  test('a token that nobody handed out of AWS without a prefix is known by the name before it, which stays', () => {
    const secret = `wJalrXUtnFEMI/K7MDENG/bPxRfi${random(12)}`;
    const { mask } = createRedactor();
    expect(mask(`aws_secret_access_key = ${secret}`)).toBe('aws_secret_access_key = [masked]');
    expect(mask(`export AWS_SECRET_ACCESS_KEY="${secret}"`)).toBe('export AWS_SECRET_ACCESS_KEY="[masked]"');
    expect(mask(`{"SecretAccessKey": "${secret}"}`)).toBe('{"SecretAccessKey": "[masked]"}');
  });

  test('a token that nobody handed out is masked to where it was cut off, a private key too', () => {
    const { mask } = createRedactor();
    expect(mask(pem.slice(0, 400))).toBe('[masked]');
    expect(mask(`${pem.slice(0, pem.indexOf('\n', 200))}\nand then words`)).toBe('[masked]\nand then words');
  });
});

test.each([
  'weighs_more_than_100_of_the_others',
  'sk-learn, task-sk-learn and scikit-learn',
  'sk-fading-circle-with-a-very-long-name-indeed-1',
  'risk-averse-people-are-many-in-this-world-0123456789',
  'ghp_short and gh auth login',
  'const shape = /ghp_[A-Za-z0-9]{36}/',
  'ghs_token_of_the_installation',
  'AKIA is how they begin, AKIAIOSFODNN7EXAMPLEMORE is too long',
  'secret_access_key must be set in order to go on with it, says AWS',
  'https://docs.slack.dev/xoxb and xoxo, love',
  'the line -----BEGIN RSA PRIVATE KEY----- comes first',
  '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'commit 2308b18aa4bd0a5c1b9b5e3072eb043ae3a5632dc9bc00a',
])('ordinary text stays as it is: %s', (text) => {
  expect(createRedactor().mask(text)).toBe(text);
  expect(streamed(text, [1, 5])).toBe(text);
});

test('a first line of a key holds back only what may still become one', () => {
  const stream = createRedactor().stream();
  expect(stream.push('see -----BEGIN PRIVATE KEY----- and go on')).toBe(
    'see -----BEGIN PRIVATE KEY----- and go on',
  );
  expect(stream.push('\n')).toBe('\n');
});

test('text without tokens costs less than 200 ms of work a megabyte', () => {
  const chunk =
    'compiled src/containers/plan.ts in 35 ms, task-sk-1 {"key": "value"} - see build/log.txt\n'.repeat(700);
  const stream = createRedactor().stream();
  const start = process.cpuUsage();
  for (let sent = 0; sent < size(4, 100) * 1e6; sent += chunk.length) stream.push(chunk);
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(size(4, 100) * 200);
});
