import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { checkout } from '../../src/workspaces/checkouts/checkout.ts';
import { REPOSITORY_LIMITS, type RepositoryLimits } from '../../src/workspaces/git-limits.ts';
import { findStore, mainMirror, removeOldStores } from '../../src/workspaces/mirrors/apart.ts';
import { forgeOf } from '../support/git/hostile-repository.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY, RUN_OWNER } from '../support/git/mirror-lab.ts';
import { git } from '../support/git/repository.ts';

const MIB = 1024 ** 2;

/** Small enough that every bomb of the table passes one of them, quickly. */
const LIMITS: RepositoryLimits = {
  timeoutSec: 60,
  cpuSec: 4,
  memoryBytes: 1024 * MIB,
  fetchBytes: 16 * MIB,
  entries: 3_000,
  checkoutBytes: 48 * MIB,
};

type Forge = ReturnType<typeof forgeOf>;

/** What a pull request's head is, and how it comes out: the code of the refusal, or `laid out`. */
type Row = {
  what: string;
  head: (forge: Forge, lab: MirrorLab) => string;
  out: string;
  limits?: Partial<RepositoryLimits>;
};

const named = (name: string | Buffer) => (forge: Forge) =>
  forge.commit(forge.tree([{ mode: '100644', name, id: forge.blob('evil\n') }]));

const ROWS: Row[] = [
  {
    what: 'ten billion files in eleven trees',
    head: (forge) =>
      forge.commit(forge.nest(forge.tree([{ mode: '100644', name: 'f', id: forge.blob('') }]), 10)),
    out: 'checkout_too_large',
  },
  {
    what: 'ten billion directories without a file',
    head: (forge) => forge.commit(forge.nest(forge.tree([]), 10)),
    out: 'checkout_too_large',
  },
  {
    what: 'one tree of too many files',
    head: (forge) => {
      const id = forge.blob('');
      const entries = Array.from({ length: 3_001 }, (_, index) => ({
        mode: '100644' as const,
        name: `f${String(index).padStart(5, '0')}`,
        id,
      }));
      return forge.commit(forge.tree(entries));
    },
    out: 'checkout_too_large',
  },
  {
    what: 'one file of zeros',
    head: (forge) => forge.files({ zeros: Buffer.alloc(49 * MIB) }),
    out: 'checkout_too_large',
  },
  {
    what: 'one content under a hundred names',
    head: (forge) => {
      const id = forge.blob(Buffer.alloc(MIB));
      return forge.commit(
        forge.tree(
          Array.from({ length: 100 }, (_, index) => ({
            mode: '100644' as const,
            name: `f${100 + index}`,
            id,
          })),
        ),
      );
    },
    out: 'checkout_too_large',
  },
  {
    what: 'more than a fetch may bring',
    head: (forge) => forge.files({ noise: randomBytes(17 * MIB) }),
    out: 'repository_over_limits',
  },
  {
    what: 'a commit with a message that takes all memory',
    head: (forge) => forge.commit(forge.tree([]), [], 'x'.repeat(130 * MIB)),
    out: 'repository_over_limits',
    limits: { memoryBytes: 120 * MIB },
  },
  {
    what: 'deltas that unfold to a gigabyte',
    head: (forge) => forge.deltas(16 * MIB, 60),
    out: 'repository_over_limits',
    limits: { cpuSec: 1 },
  },
  {
    what: 'an attribute that makes a file four times as large',
    head: (forge) =>
      forge.files({
        '.gitattributes': '*.txt text working-tree-encoding=UTF-32\n',
        'a.txt': Buffer.alloc(20 * MIB, 'a'),
      }),
    out: 'repository_over_limits',
  },
  {
    what: 'an attribute whose pattern takes for ever',
    head: (forge) =>
      forge.commit(
        forge.tree([
          {
            mode: '100644',
            name: '.gitattributes',
            id: forge.blob(`${'*a'.repeat(40)}*b/**/${'*a'.repeat(40)}b text\n`.repeat(50)),
          },
          { mode: '100644', name: 'a'.repeat(250), id: forge.blob('x') },
        ]),
      ),
    out: 'laid out or repository_over_limits',
  },
  {
    what: 'filters, line ends and idents in attributes',
    head: (forge) =>
      forge.files({
        '.gitattributes': '* filter=evil ident eol=crlf diff=evil merge=evil\n',
        'a.txt': '$Id$\n',
      }),
    out: 'laid out',
  },
  {
    what: 'submodules from everywhere',
    head: (forge) =>
      forge.commit(
        forge.tree([
          {
            mode: '100644',
            name: '.gitmodules',
            id: forge.blob(
              '[submodule "x"]\n\tpath = x\n\turl = -u./payload\n\tupdate = !touch /tmp/owned\n',
            ),
          },
          { mode: '160000', name: 'x', id: '1'.repeat(40) },
        ]),
      ),
    out: 'laid out',
  },
  { what: 'an entry .git', head: named('.git'), out: 'checkout_failed' },
  { what: 'an entry .GIT', head: named('.GIT'), out: 'checkout_failed' },
  { what: 'an entry git~1', head: named('git~1'), out: 'checkout_failed' },
  { what: 'an entry that leads out', head: named('..'), out: 'checkout_failed' },
  { what: 'an entry with a slash', head: named('../../x'), out: 'checkout_failed' },
  { what: 'a name that fits no file system', head: named('n'.repeat(300)), out: 'checkout_failed' },
  {
    what: 'a path that is longer than any',
    head: (forge) => {
      let id = forge.tree([{ mode: '100644', name: 'f', id: forge.blob('x') }]);
      for (let level = 0; level < 25; level += 1)
        id = forge.tree([{ mode: '40000', name: 'd'.repeat(200), id }]);
      return forge.commit(id);
    },
    out: 'checkout_failed',
  },
  {
    what: 'names of control characters, line ends and bytes that are no text',
    head: (forge) =>
      forge.commit(
        forge.tree(
          [
            Buffer.from('a\nb'),
            Buffer.from('a\x1b[2J'),
            Buffer.from([0x61, 0xff, 0xfe]),
            Buffer.from('b\\c'),
          ].map((name) => ({ mode: '100644' as const, name, id: forge.blob('x') })),
        ),
      ),
    out: 'laid out',
  },
  {
    what: 'names that differ only in case',
    head: (forge) => forge.files({ README: 'a', Readme: 'b', readme: 'c' }),
    out: 'laid out',
  },
  {
    what: 'a link to the root, and links in a circle',
    head: (forge) =>
      forge.commit(
        forge.tree([
          { mode: '120000', name: 'a', id: forge.blob('b') },
          { mode: '120000', name: 'b', id: forge.blob('a') },
          { mode: '120000', name: 'root', id: forge.blob('/') },
        ]),
      ),
    out: 'laid out',
  },
  {
    what: 'a link with the name of a directory beside it',
    head: (forge, lab) =>
      forge.commit(
        forge.tree([
          { mode: '120000', name: 'a', id: forge.blob(join(lab.dir, 'outside')) },
          {
            mode: '40000',
            name: 'a',
            id: forge.tree([{ mode: '100644', name: 'owned', id: forge.blob('x') }]),
          },
        ]),
      ),
    out: 'laid out or checkout_failed',
  },
  {
    what: 'a commit with fifty thousand parents',
    head: (forge) => {
      const parent = forge.commit(forge.tree([]));
      return forge.commit(
        forge.tree([]),
        Array.from({ length: 50_000 }, () => parent),
      );
    },
    out: 'laid out',
  },
  {
    what: 'a tree that names a file that is not there',
    head: (forge) => forge.commit(forge.tree([{ mode: '100644', name: 'gone', id: '2'.repeat(40) }])),
    out: 'fetch_failed',
  },
];

const CLONE = {
  branch: 'github-flows/run1',
  owner: RUN_OWNER,
  originUrl: 'https://github.com/owner/repository.git',
};

/** Fetches and lays out one pull request, as a run does. */
async function prepare(lab: MirrorLab, number: number, limits: RepositoryLimits): Promise<string> {
  const dir = join(lab.dir, 'work', String(number), 'repo');
  try {
    const mirrors = lab.make({ limits });
    const { mirror, commit } = await mirrors.fetch(REPOSITORY, { pullRequest: { number, kind: 'head' } });
    await checkout({ ...CLONE, mirror, commit, dir, limits });
    return 'laid out';
  } catch (error) {
    expect(error, String(error)).toBeInstanceOf(FlowError);
    expect(existsSync(dir)).toBe(false);
    return (error as FlowError).code;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function bytesOf(dir: string): number {
  return Number(execFileSync('du', ['-s', '--block-size=1', dir], { encoding: 'utf8' }).split('\t')[0]);
}

test('hostile pull requests, one after the other, stay within the limits and leave the next run untouched', {
  timeout: 300_000,
}, async () => {
  const lab = await makeMirrorLab();
  const main = lab.origin.commit({ 'a.txt': 'one' });
  lab.origin.git('config', 'core.compression', '1');
  const forge = forgeOf(lab.origin.path);
  mkdirSync(join(lab.dir, 'outside'));
  const outs: Record<string, string> = {};
  for (const [index, { what, head, limits = {} }] of ROWS.entries()) {
    const ref = `refs/pull/${index + 1}/head`;
    writeRef(lab, ref, head(forge, lab));
    outs[what] = await prepare(lab, index + 1, { ...LIMITS, ...limits });
    rmSync(join(lab.origin.path, ref));
  }
  const expected = ROWS.map(({ what, out }) => [
    what,
    out.split(' or ').includes(outs[what] ?? '') ? outs[what] : out,
  ]);
  expect(outs).toEqual(Object.fromEntries(expected));
  expect(readdirSync(join(lab.dir, 'outside'))).toEqual([]);
  expect(globSync(`${lab.mirrorDir}/**/tmp_*`)).toEqual([]);
  expect(bytesOf(lab.mirrorDir)).toBeLessThan(LIMITS.fetchBytes * 2);
  const { mirror, commit } = await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
  expect(commit).toBe(main);
  const dir = join(lab.dir, 'work/next/repo');
  await checkout({ ...CLONE, mirror, commit, dir });
  const objects = git(dir, ['-c', 'safe.directory=*', 'cat-file', '--batch-all-objects', '--batch-check']);
  expect(objects.split('\n')).toHaveLength(3);
});

/** By hand: git looks whether the objects are there. */
function writeRef(lab: MirrorLab, ref: string, commit: string): void {
  const path = join(lab.origin.path, ref);
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('sh', ['-c', 'echo "$1" > "$2"', 'sh', commit, path]);
}

describe('what a pull request brings', () => {
  test('what a pull request brings is in its own runs, and in no other clone, also not by its id', async () => {
    const lab = await makeMirrorLab();
    const main = lab.origin.commit({ 'a.txt': 'one' });
    const secret = lab.origin.commit({ 'secret.txt': 'of the fork' }, { ref: 'refs/pull/1/head' });
    const lost = lab.origin.commit({ 'lost.txt': 'of nobody' }, { ref: 'refs/heads/gone' });
    lab.origin.git('update-ref', '-d', 'refs/heads/gone');
    const first = await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number: 1, kind: 'head' } });
    const byId = await lab.mirrors.fetch(REPOSITORY, { sha: lost });
    const second = await lab.mirrors.fetch(REPOSITORY, {
      pullRequest: { number: 1, kind: 'head' },
      sha: secret,
    });
    expect(second).toEqual(first);
    const clone = async (name: string, from: { mirror: string; commit: string }): Promise<string> => {
      const dir = join(lab.dir, 'work', name, 'repo');
      await checkout({ ...CLONE, ...from, dir });
      git(dir, ['-c', 'safe.directory=*', 'fsck', '--full']);
      return git(dir, ['-c', 'safe.directory=*', 'cat-file', '--batch-all-objects', '--batch-check']);
    };
    expect(await clone('pull', first)).toContain(secret);
    for (const objects of [
      await clone('main', await lab.mirrors.fetch(REPOSITORY, { ref: 'main' })),
      await clone('base', await lab.mirrors.fetch(REPOSITORY, { sha: main })),
      await clone('lost', byId),
    ])
      expect(objects).not.toContain(secret);
    expect(await clone('lost', byId)).toContain(lost);
    expect(readFileSync(join(lab.mirrorDir, '7.git/packed-refs'), 'utf8')).not.toContain('refs/pull');
  });

  test('what a pull request brings is found again by its commit while it is kept, and goes when nobody asked for it', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    const head = lab.origin.commit({ 'b.txt': 'fork' }, { ref: 'refs/pull/1/head' });
    const { mirror: store } = await lab.mirrors.fetch(REPOSITORY, {
      pullRequest: { number: 1, kind: 'head' },
    });
    const mirror = mainMirror(store);
    expect(await findStore(mirror, head)).toBe(store);
    await removeOldStores(mirror, Date.now() - 60_000);
    expect(await findStore(mirror, head)).toBe(store);
    await removeOldStores(mirror, Date.now() + 60_000);
    expect(await findStore(mirror, head)).toBeUndefined();
    expect(readdirSync(join(mirror, 'apart'))).toEqual([]);
    const again = await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number: 1, kind: 'head' } });
    expect(again).toMatchObject({ mirror: store, commit: head });
  });

  test('what a pull request brings is not in a mirror of before, which is made anew without it', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    const secret = lab.origin.commit({ 'secret.txt': 'x' }, { ref: 'refs/pull/1/head' });
    mkdirSync(lab.mirrorDir, { mode: 0o700 });
    git(lab.dir, ['clone', '-q', '--mirror', lab.origin.path, join(lab.mirrorDir, '7.git')]);
    const { mirror } = await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    expect(() => git(mirror, ['cat-file', '-e', secret])).toThrow();
  });
});

test.each([
  ['all at once', Number.POSITIVE_INFINITY],
  ['and then nothing for ever', 4 * MIB],
])(
  'a server without a protocol of its own cannot give more than a fetch may bring, in however many files: %s',
  async (_, enough) => {
    const lab = await makeMirrorLab();
    const files = Array.from({ length: 24 }, (_, index) => [`f${index}`, randomBytes(MIB / 2)]);
    lab.origin.commit({ 'a.txt': '1' });
    const forge = forgeOf(lab.origin.path);
    writeRef(lab, 'refs/heads/main', forge.files(Object.fromEntries(files)));
    lab.origin.git('update-server-info');
    let given = 0;
    let most = Number.POSITIVE_INFINITY;
    const server = createServer((request, response) => {
      const file = join(lab.served, new URL(request.url ?? '', 'http://x').pathname);
      const bytes = existsSync(file) ? readFileSync(file) : undefined;
      given += bytes?.length ?? 0;
      if (given < most) response.writeHead(bytes ? 200 : 404).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const whole = await lab.make({ serverUrl }).fetch(REPOSITORY, {});
    expect(whole.ref).toBe('refs/heads/main');
    rmSync(lab.mirrorDir, { recursive: true });
    [given, most] = [0, enough];
    const mirrors = lab.make({ serverUrl, limits: { ...REPOSITORY_LIMITS, fetchBytes: 3 * MIB } });
    await expect(mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({ code: 'repository_over_limits' });
    expect(readdirSync(lab.mirrorDir)).toEqual([]);
  },
);

test('a server that sends for ever, a byte at a time, is left when the time is over, and no git stays', async () => {
  let open = 0;
  const server = createServer((_, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.write('001e# service=git-upload-pack\n0000');
    const drip = setInterval(() => response.write('0'), 200);
    response.once('close', () => clearInterval(drip));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const lab = await makeMirrorLab();
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mirrors = lab.make({ serverUrl, limits: { ...REPOSITORY_LIMITS, timeoutSec: 2 } });
  await expect(mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({
    code: 'repository_over_limits',
    blame: 'sender',
  });
  await vi.waitFor(() => expect(open).toBe(0), 10_000);
  expect(readdirSync(lab.mirrorDir)).toEqual([]);
});

describe('a repository of SHA-256', () => {
  test('a repository of SHA-256 is not worked on, and says so, whether it is asked for by name or by commit', async () => {
    const lab = await makeMirrorLab();
    const path = join(lab.served, 'owner', 'other.git');
    git(lab.served, ['init', '-q', '--bare', '--object-format=sha256', '-b', 'main', path]);
    const commit = git(path, ['commit-tree', '-m', 'first', git(path, ['mktree'], '')]);
    git(path, ['update-ref', 'refs/heads/main', commit]);
    const repository = { id: 8, owner: 'owner', name: 'other' };
    for (const mirrors of [lab.mirrors, lab.make({ serverUrl: `file://${lab.served}` })])
      for (const want of [
        {},
        { ref: 'main' },
        { sha: commit },
        { ref: commit },
        { pullRequest: { number: 1, kind: 'head' as const }, sha: commit },
      ])
        await expect(mirrors.fetch(repository, want)).rejects.toMatchObject({
          code: 'repository_sha256_unsupported',
          blame: 'operator',
        });
  });
});
