import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { followLinks } from '../../src/mounts/rules/resolve.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'gf-links-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (...names: string[]): string => join(root, ...names);
mkdirSync(at('a/b/c'), { recursive: true });
writeFileSync(at('a/file'), '');
symlinkSync('a/b', at('relative'));
symlinkSync(at('a'), at('absolute'));
symlinkSync('../../relative/c', at('a/b/up'));
symlinkSync('/etc/gone/for/ever', at('dangling'));
symlinkSync('loop-b', at('loop-a'));
symlinkSync('loop-a', at('loop-b'));
symlinkSync('self/x', at('self'));

test('a path without links is its own real path, in normal form', () => {
  const resolved = followLinks(`${root}//a/./b/../b/`);
  expect(resolved).toMatchObject({ real: at('a/b'), state: 'there', spellings: [at('a/b')] });
  expect(resolved.passed.map(({ path }) => path)).toEqual(expect.arrayContaining(['/', at('a'), at('a/b')]));
});

test('links are followed one by one, and every spelling on the way is kept', () => {
  const resolved = followLinks(at('absolute/b/up'));
  expect(resolved).toMatchObject({ real: at('a/b/c'), state: 'there' });
  expect(resolved.spellings).toEqual([at('absolute/b/up'), at('a/b/up'), at('relative/c'), at('a/b/c')]);
  expect(resolved.real).toBe(realpathSync(at('absolute/b/up')));
});

test('`..` after a link goes up from where the link leads, as the kernel does', () => {
  const resolved = followLinks(`${root}/relative/../file`);
  expect(resolved.real).toBe(at('a/file'));
  expect(resolved.spellings).toContain(at('file'));
});

test('a link to what is not there is followed all the same, and the rest of the path is appended', () => {
  expect(followLinks(at('dangling/x/y'))).toMatchObject({ real: '/etc/gone/for/ever/x/y', state: 'missing' });
  expect(followLinks(at('relative/none/../other'))).toMatchObject({
    real: at('a/b/other'),
    state: 'missing',
  });
  expect(followLinks(at('a/file/below'))).toMatchObject({ state: 'missing', real: at('a/file/below') });
});

test('`..` after what is not there goes up as if it were, and links behind it are followed', () => {
  expect(followLinks(`${root}/none/../absolute/b`)).toMatchObject({ real: at('a/b'), state: 'missing' });
  expect(followLinks(`${root}/none/../dangling/x`)).toMatchObject({
    real: '/etc/gone/for/ever/x',
    state: 'missing',
  });
});

test('a circle of links ends with an error', () => {
  for (const name of ['loop-a', 'loop-b/x', 'self']) {
    expect(() => followLinks(at(name))).toThrow(expect.objectContaining({ code: 'mount_link_loop' }));
  }
});

test("forty links are followed and forty-one are not, which is the kernel's own limit", () => {
  symlinkSync('a', at('link-0'));
  for (let index = 1; index <= 41; index += 1) symlinkSync(`link-${index - 1}`, at(`link-${index}`));
  expect(followLinks(at('link-39')).real).toBe(at('a'));
  expect(() => followLinks(at('link-40'))).toThrow(expect.objectContaining({ code: 'mount_link_loop' }));
});

test('a path of two thousand names is followed in no time', () => {
  expect(followLinks(`/${'x/'.repeat(2000)}`).state).toBe('missing');
});
