import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFrameReader } from '../../src/publish/bundle/bundle.ts';
import { bundleSpec } from '../../src/publish/bundle/bundle-container.ts';
import { openBundleFile, readBundleHeader } from '../../src/publish/bundle/bundle-file.ts';
import { makeQuarantine } from '../../src/publish/bundle/quarantine.ts';
import { CHANGE_LIMITS } from '../../src/publish/confined-git.ts';
import { git as gitIn, makeRepository, type TestRepository } from '../support/git/repository.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const SHA = 'a'.repeat(40);
const REFS = ['refs/heads/github-flows/x', 'HEAD'];

describe('the header of a bundle', () => {
  test.each([
    [`# v2 git bundle\n-${SHA} subject of the base\n${SHA} HEAD`],
    [`# v2 git bundle\n-${SHA}\n-${SHA} x\n${SHA} refs/heads/github-flows/x`],
    [`# v2 git bundle\n${SHA} HEAD`],
  ])('%j names its commit', (header) => {
    expect(readBundleHeader(header, REFS)).toBe(SHA);
  });

  test.each([
    ['', 'not a bundle'],
    [`# v3 git bundle\n@object-format=sha1\n${SHA} HEAD`, 'another version'],
    ['# v2 git bundle', 'no ref'],
    [`# v2 git bundle\n${SHA} HEAD\n${SHA} HEAD`, 'two refs'],
    [`# v2 git bundle\n${SHA} refs/heads/main`, 'a ref of another name'],
    [`# v2 git bundle\n${SHA} HEAD\r`, 'a carriage return'],
    [`# v2 git bundle\n${'A'.repeat(40)} HEAD`, 'no commit id'],
    [`# v2 git bundle\n--upload-pack=x HEAD`, 'an option'],
  ])('%j is refused: %s', (header) => {
    expect(() => readBundleHeader(header, REFS)).toThrow(
      expect.objectContaining({ code: 'changes_invalid' }),
    );
  });
});

test('frames of the engine give the same bytes however they are cut', () => {
  const frame = (stream: number, bytes: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const sent = Buffer.concat([
    frame(1, all),
    frame(2, Buffer.from('words')),
    frame(1, Buffer.alloc(0)),
    frame(1, all),
  ]);
  for (const size of [1, 3, 7, 8, 9, 100, sent.length]) {
    const read = createFrameReader();
    const pieces = Array.from({ length: Math.ceil(sent.length / size) }, (_, index) =>
      read(sent.subarray(index * size, (index + 1) * size)),
    ).flat();
    const of = (name: string): Buffer =>
      Buffer.concat(pieces.filter(({ stream }) => stream === name).map(({ bytes }) => bytes));
    expect(of('stdout')).toEqual(Buffer.concat([all, all]));
    expect(of('stderr').toString()).toBe('words');
  }
});

describe('a bundle as it comes', () => {
  test('a bundle as it comes is cut into header and objects wherever its chunks end', async () => {
    const dir = await temporaryDirectory();
    const pack = Buffer.concat([Buffer.from('PACK\0\0\0\u0002\0\0\0\u0003'), Buffer.from('\n\nrest\n\n')]);
    const whole = Buffer.concat([Buffer.from(`# v2 git bundle\n${SHA} HEAD\n\n`), pack]);
    for (const size of [1, 5, whole.length]) {
      const file = await openBundleFile(join(dir, `pack${size}`));
      for (let at = 0; at < whole.length; at += size) await file.write(whole.subarray(at, at + size));
      expect(await file.finish()).toBe(`# v2 git bundle\n${SHA} HEAD`);
      await file.close();
      expect(readFileSync(join(dir, `pack${size}`))).toEqual(pack);
    }
  });

  test.each([
    ['a header without an end', 'x'.repeat(CHANGE_LIMITS.headerBytes + 1), 'changes_invalid'],
    ['no objects', `# v2 git bundle\n${SHA} HEAD\n\n`, 'changes_invalid'],
    ['too many objects', `# v2 git bundle\n${SHA} HEAD\n\nPACK\0\0\0\u0002\u007f\0\0\0`, 'changes_too_large'],
  ])('with %s is refused', async (_what, text, code) => {
    const file = await openBundleFile(join(await temporaryDirectory(), 'pack'));
    const taken = file.write(Buffer.from(text, 'latin1')).then(() => file.finish());
    await expect(taken).rejects.toMatchObject({ code });
    await file.close();
  });
});

test('the container of a bundle has one read-only mount, no network, no capability and none of our variables', () => {
  const request = {
    installation: 'i',
    runId: 'r',
    workspace: '/w',
    owner: { uid: 1000, gid: 1000 },
    base: SHA,
    branch: 'b',
  };
  const { HostConfig, Env, User, Cmd } = bundleSpec(request);
  expect(HostConfig).toMatchObject({
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    Privileged: false,
    Mounts: [{ Source: '/w', Target: '/workspace', ReadOnly: true }],
  });
  expect(HostConfig?.Mounts).toHaveLength(1);
  expect(HostConfig?.Binds).toBeUndefined();
  expect(User).toBe('1000:1000');
  expect(Cmd).toEqual([SHA, 'b']);
  expect(Env?.filter((each) => !/^(?:GIT_|HOME=\/tmp$|LC_ALL=C$|committer=$)/.test(each))).toEqual([]);
});

test('the container of a bundle is told any number of known commits in words that a command line takes', () => {
  const known = Array.from({ length: 30_000 }, (_, index) => index.toString(16).padStart(40, '0'));
  const owner = { uid: 1000, gid: 1000 };
  const request = { installation: 'i', runId: 'r', workspace: '/w', owner, base: SHA, branch: 'b', known };
  const [base, branch, ...words] = bundleSpec(request).Cmd ?? [];
  expect([base, branch]).toEqual([SHA, 'b']);
  expect(words.join(' ').split(' ')).toEqual([SHA, ...known.slice(0, 19_999)]);
  expect(Math.max(...words.map(({ length }) => length))).toBeLessThan(100_000);
});

describe('the quarantine', () => {
  const branch = 'github-flows/x';

  /** A pack of exactly these objects of a repository. */
  function packOf(repository: TestRepository, dir: string, revisions: string[]): string {
    const path = join(dir, 'pack');
    const script = `git pack-objects --revs --stdout --thin -q > ${path}`;
    const input = `${revisions.join('\n')}\n`;
    execFileSync('sh', ['-c', script], { cwd: repository.path, input });
    return path;
  }

  async function ground() {
    const dir = await temporaryDirectory();
    mkdirSync(join(dir, 'git'));
    const ours = makeRepository(join(dir, 'git'), 'octo', 'ours');
    const base = ours.commit({ 'a.txt': 'a\n'.repeat(500) });
    const other = makeRepository(join(dir, 'git'), 'octo', 'other');
    other.commit({ 'jewels.txt': 'jewels' });
    const quarantine = await makeQuarantine({ dir: join(dir, 'q.git'), mirror: ours.path, base, branch });
    return { dir, ours, other, base, quarantine };
  }

  test('the quarantine takes in what stands on the base, and gives it on as patch and bundle', async () => {
    const { dir, ours, base, quarantine } = await ground();
    const tip = ours.commit(
      { 'a.txt': `b\n${'a\n'.repeat(500)}`, 'new.txt': 'new' },
      { ref: 'refs/heads/topic' },
    );
    ours.git('update-ref', '-d', 'refs/heads/topic');
    await quarantine.admit(packOf(ours, dir, [tip, `^${base}`]), tip);
    expect(await quarantine.count()).toEqual({ commits: 1, ofBase: 0, files: 2, isAsBefore: false });
    await quarantine.writePatch(join(dir, 'patch'));
    await quarantine.writeBundle(join(dir, 'bundle'));
    await quarantine.writeContents(join(dir, 'contents'));
    expect(readFileSync(join(dir, 'patch'), 'utf8')).toContain('+new');
    expect(readFileSync(join(dir, 'contents'), 'utf8')).toContain('blob new.txt\nnew');
    expect(gitIn(dir, ['bundle', 'list-heads', join(dir, 'bundle')])).toBe(`${tip} refs/heads/${branch}`);
  });

  test('the quarantine refuses commits that build on what this repository does not have', async () => {
    const { dir, other, quarantine } = await ground();
    const jewel = other.git('rev-parse', 'main');
    const tip = other.commit({ 'more.txt': 'more' });
    const admitted = quarantine.admit(packOf(other, dir, [tip, `^${jewel}`]), tip);
    await expect(admitted).rejects.toMatchObject({ code: 'changes_invalid' });
  });

  test.each([
    ['a commit that is not among the objects', 'f'.repeat(40)],
    ['what is no commit', 'tree'],
  ])('refuses %s', async (_what, wanted) => {
    const { dir, ours, base, quarantine } = await ground();
    const tip = ours.commit({ 'new.txt': 'new' });
    const commit = wanted === 'tree' ? ours.git('rev-parse', `${tip}^{tree}`) : wanted;
    const admitted = quarantine.admit(packOf(ours, dir, [tip, `^${base}`]), commit);
    await expect(admitted).rejects.toMatchObject({ code: 'changes_invalid' });
  });

  test('the quarantine refuses damaged objects', async () => {
    const { dir, ours, base, quarantine } = await ground();
    const tip = ours.commit({ 'new.txt': 'new' });
    const path = packOf(ours, dir, [tip, `^${base}`]);
    execFileSync('sh', ['-c', `printf '\\377\\377' | dd of=${path} bs=1 seek=30 conv=notrunc status=none`]);
    await expect(quarantine.admit(path, tip)).rejects.toMatchObject({ code: 'changes_invalid' });
  });
});
