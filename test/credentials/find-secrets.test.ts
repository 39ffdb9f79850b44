import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { findSecrets, type SecretSearch } from '../../src/credentials/leak-scan/find-secrets.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { secretsDirectory } from '../support/profiles/secrets-directory.ts';

const TOKEN = 'the-token+that/was=handed out';
const secrets = [new Secret('another-value'), new Secret(TOKEN)];

async function search(dir: string, more: { sinceNs?: bigint; timeoutMs?: number; limit?: number } = {}) {
  const { sinceNs, timeoutMs = 20_000, limit = 20 } = more;
  const root = { name: 'workspace', dir, ...(sinceNs === undefined ? {} : { sinceNs }) };
  const { found, cuts } = await findSecrets(secrets, { roots: [root], timeoutMs, limit, clock: systemClock });
  return { found: found.toSorted(), cuts } satisfies SecretSearch;
}

test('a value that an agent left in its workspace is found, across the borders of what is read at once', async () => {
  const dir = secretsDirectory();
  mkdirSync(join(dir, 'repo/.git'), { recursive: true });
  writeFileSync(join(dir, 'repo/.git/config'), `url = https://x:${TOKEN}@github.com\n`);
  for (const [index, before] of [5, 10, 20, TOKEN.length].entries())
    writeFileSync(
      join(dir, `repo/border${index}`),
      Buffer.concat([Buffer.alloc(1024 * 1024 - before, 'x'), Buffer.from(TOKEN)]),
    );
  writeFileSync(join(dir, 'repo/clean'), 'nothing');
  writeFileSync(join(dir, 'repo/empty'), '');
  const borders = [0, 1, 2, 3].map((index) => `workspace/repo/border${index}`);
  expect(await search(dir)).toEqual({ found: ['workspace/repo/.git/config', ...borders], cuts: [] });
  const few = await search(dir, { limit: 1 });
  expect(few.found).toHaveLength(1);
  expect(few.cuts).toEqual(['no more than 1 places are named']);
  expect((await search(join(dir, 'not'))).found).toEqual([]);
  const options = { roots: [{ name: 'w', dir }], timeoutMs: 1000, limit: 1, clock: systemClock };
  expect(await findSecrets([], options)).toEqual({ found: [], cuts: [] });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test.each([
  ['as it is in the middle of bytes', Buffer.concat([Buffer.from([0, 255, 254, 10]), Buffer.from(TOKEN)])],
  ['in base64', base64(TOKEN)],
  ['in base64 one byte on', base64(`:${TOKEN}`)],
  ['in base64 two bytes on', base64(`x:${TOKEN}!`)],
  ['in base64 in lines', base64(`x-access-token:${TOKEN}`).replace(/.{20}/g, '$&\n')],
  ['in the base64 of URLs', Buffer.from(`?>${TOKEN}`).toString('base64url')],
  ['in a URL', `https://${encodeURIComponent(TOKEN)}@github.com`],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ a: `"${TOKEN}"` }))],
  ['in hex', Buffer.from(TOKEN).toString('hex')],
  ['in hex in lines', Buffer.from(TOKEN).toString('hex').toUpperCase().replace(/.{30}/g, '$&\n')],
])('a value %s is found', async (_how, content) => {
  const dir = secretsDirectory();
  writeFileSync(join(dir, 'file'), content);
  expect((await search(dir)).found).toEqual(['workspace/file']);
});

test('a value in the name of an entry or in what a link says is found', async () => {
  const dir = secretsDirectory();
  const hex = Buffer.from(TOKEN).toString('hex');
  mkdirSync(join(dir, hex));
  symlinkSync(`/nowhere/${TOKEN}`, join(dir, 'link'));
  expect((await search(dir)).found).toEqual([`workspace/${hex}`, 'workspace/link']);
});

test('files that have not changed since the clone was made are not read, and no change hides by its date', async () => {
  const dir = secretsDirectory();
  writeFileSync(join(dir, 'cloned'), TOKEN);
  writeFileSync(join(dir, 'rewritten'), 'x');
  chmodSync(dir, 0o700);
  const sinceNs = lstatSync(dir, { bigint: true }).ctimeNs;
  await systemClock.sleep(30);
  writeFileSync(join(dir, 'rewritten'), TOKEN);
  execFileSync('touch', ['-d', '2001-01-01', join(dir, 'rewritten')]);
  expect((await search(dir, { sinceNs })).found).toEqual(['workspace/rewritten']);
});

test('links, pipes, sockets, odd names, setuid files, endless folders and terabytes of holes do not lead astray', async () => {
  const dir = secretsDirectory();
  const outside = secretsDirectory();
  writeFileSync(join(outside, 'secret'), TOKEN);
  symlinkSync(outside, join(dir, 'folder'));
  symlinkSync(join(outside, 'secret'), join(dir, 'file'));
  symlinkSync('.', join(dir, 'round'));
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  const server = createServer().listen(join(dir, 'socket'));
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  writeFileSync(join(dir, 'setuid'), '#!/bin/sh\nexit 1\n', { mode: 0o4755 });
  writeFileSync(join(dir, '-rf'), '');
  writeFileSync(join(dir, 'holes'), '');
  truncateSync(join(dir, 'holes'), 2 ** 40);
  mkdirSync(join(dir, ...Array.from({ length: 300 }, () => 'd')), { recursive: true });
  const names = [Buffer.from('a\nb'), Buffer.from([0xff, 0xfe]), Buffer.alloc(255, 'n')];
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), name]), TOKEN);
  linkSync(join(dir, 'a\nb'), join(dir, 'hard'));
  const { found, cuts } = await search(dir);
  expect(found).toEqual([
    'workspace/a\nb',
    'workspace/hard',
    `workspace/${'n'.repeat(255)}`,
    'workspace/\ufffd\ufffd',
  ]);
  expect(cuts.toSorted()).toEqual([
    'a file is longer than 64 MiB',
    'there are more than 200 folders below each other',
  ]);
});

test('a search ends in time', async () => {
  const dir = secretsDirectory();
  for (let index = 0; index < 64; index += 1) {
    writeFileSync(join(dir, `holes${index}`), '');
    truncateSync(join(dir, `holes${index}`), 2 ** 30);
  }
  const begun = performance.now();
  const { cuts } = await search(dir, { timeoutMs: 300 });
  expect(performance.now() - begun).toBeLessThan(3_000);
  expect(cuts).toContain('it took longer than 0.3 s');
});

test('the service goes on while a search is under way', async () => {
  const dir = secretsDirectory();
  const child = spawnProgram(
    'sh',
    ['-c', 'i=0; while [ $i -lt 3000 ]; do echo content > f$i; i=$((i+1)); done'],
    {
      cwd: dir,
    },
  );
  await new Promise((done) => child.once('exit', done));
  let ticks = 0;
  const timer = systemClock.every(5, () => {
    ticks += 1;
  });
  const begun = performance.now();
  await search(dir);
  timer.stop();
  expect(ticks).toBeGreaterThan((performance.now() - begun) / 5 / 10);
});
