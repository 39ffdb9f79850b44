import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { type Checkout, checkout } from '../../src/workspaces/checkouts/checkout.ts';
import type { WantedCommit } from '../../src/workspaces/mirrors/wanted-commit.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY, RUN_OWNER } from '../support/git/mirror-lab.ts';
import { type Files, git, manyFiles } from '../support/git/repository.ts';

const ORIGIN_URL = 'https://github.com/owner/repository.git';

type Clone = MirrorLab & { clone: Checkout; repo: string; inClone: (...args: string[]) => string };

/** A lab whose mirror holds the want, and a clone of it that is still to be made. */
async function labWith(files: Files | ((lab: MirrorLab) => void), want: WantedCommit = {}): Promise<Clone> {
  const lab = await makeMirrorLab();
  if (typeof files === 'function') files(lab);
  else lab.origin.commit(files);
  const { mirror, commit } = await lab.mirrors.fetch(REPOSITORY, want);
  const repo = join(lab.dir, 'work', 'owner', 'repository', 'run1', 'repo');
  const clone = {
    mirror,
    commit,
    branch: 'github-flows/run1',
    dir: repo,
    owner: RUN_OWNER,
    originUrl: ORIGIN_URL,
  };
  const inClone = (...args: string[]): string => git(repo, ['-c', 'safe.directory=*', ...args]);
  return { ...lab, clone, repo, inClone };
}

/** Every path of a tree, links not followed. */
function everyPath(dir: string): string[] {
  return execFileSync('find', [dir, '-print0'], { encoding: 'utf8' }).split('\0').filter(Boolean);
}

describe('a clone', () => {
  test('a clone is a whole, clean working tree on the named branch, with the refs of origin', async () => {
    const { clone, origin, inClone } = await labWith((lab) => {
      lab.origin.commit({ 'a.txt': 'one' });
      lab.origin.commit({ 'a.txt': 'two', 'deep/er/ü ñ\t"x".txt': 'odd' });
      lab.origin.commit({ 'b.txt': 'b' }, { ref: 'refs/heads/topic/one' });
      git(lab.origin.path, ['tag', '-a', '-m', 'annotated', 'v1', 'main~1']);
    });
    await checkout(clone);
    expect(inClone('status', '--porcelain=v2', '--branch')).toBe(
      `# branch.oid ${clone.commit}\n# branch.head github-flows/run1`,
    );
    expect(inClone('rev-list', '--count', 'HEAD')).toBe('2');
    expect(inClone('for-each-ref', '--format=%(refname) %(objectname) %(*objectname)')).toBe(
      [
        `refs/heads/github-flows/run1 ${clone.commit} `,
        `refs/remotes/origin/HEAD ${clone.commit} `,
        `refs/remotes/origin/main ${clone.commit} `,
        `refs/remotes/origin/topic/one ${origin.git('rev-parse', 'topic/one')} `,
        `refs/tags/v1 ${origin.git('rev-parse', 'v1')} ${origin.git('rev-parse', 'main~1')}`,
      ].join('\n'),
    );
    expect(inClone('rev-parse', '--abbrev-ref', 'origin/HEAD')).toBe('origin/main');
    inClone('fsck', '--full', '--strict');
    expect(inClone('diff', '--stat', 'origin/main')).toBe('');
  });

  test('a clone has a clean origin and no trace of the mirror', async () => {
    const { clone, repo, inClone, mirrorDir } = await labWith({ 'a.txt': 'one' });
    await checkout(clone);
    expect(inClone('remote', '-v')).toBe(`origin\t${ORIGIN_URL} (fetch)\norigin\t${ORIGIN_URL} (push)`);
    for (const path of everyPath(join(repo, '.git')).filter((path) => lstatSync(path).isFile()))
      expect(readFileSync(path).includes(mirrorDir), path).toBe(false);
  });

  test('shares no object with the mirror: whoever spoils it spoils it alone', async () => {
    const { clone, repo, inClone } = await labWith(manyFiles(50));
    await checkout(clone);
    expect(existsSync(join(repo, '.git/objects/info/alternates'))).toBe(false);
    const files = everyPath(repo).filter((path) => lstatSync(path).isFile());
    expect(files.filter((path) => lstatSync(path).nlink !== 1)).toEqual([]);
    for (const path of files.filter((path) => path.includes('/.git/objects/'))) {
      chmodSync(path, 0o600);
      writeFileSync(path, 'spoilt');
    }
    expect(() => inClone('fsck')).toThrow();
    git(clone.mirror, ['fsck', '--full', '--strict']);
  });

  test('belongs to its owner to the last file', async () => {
    const { clone, repo } = await labWith({ 'a.txt': 'one', 'b/c/d.txt': 'two' });
    await checkout(clone);
    const others = everyPath(repo).filter(
      (path) => lstatSync(path).uid !== RUN_OWNER.uid || lstatSync(path).gid !== RUN_OWNER.gid,
    );
    expect(others).toEqual([]);
  });

  test('belongs to its owner also where that may not pass', async () => {
    const { clone, dir } = await labWith({ 'a.txt': 'one', 'b/c/d.txt': 'two' });
    const closed = join(dir, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    await checkout({ ...clone, dir: join(closed, 'repo') });
    const paths = everyPath(join(closed, 'repo'));
    expect(paths.filter((path) => lstatSync(path).uid !== RUN_OWNER.uid)).toEqual([]);
    expect(readFileSync(join(closed, 'repo', 'b/c/d.txt'), 'utf8')).toBe('two');
  });

  test('a clone on the default branch follows origin', async () => {
    const { clone, inClone } = await labWith({ 'a.txt': 'one' });
    await checkout({ ...clone, branch: 'main' });
    expect(inClone('rev-parse', '--abbrev-ref', '@{upstream}')).toBe('origin/main');
  });

  test('a clone of a pull request has its commit, which no branch of origin has', async () => {
    const want: WantedCommit = { pullRequest: { number: 5, kind: 'head' } };
    const { clone, repo, inClone } = await labWith((lab) => {
      lab.origin.commit({ 'a.txt': 'one' });
      lab.origin.commit({ 'a.txt': 'fork' }, { ref: 'refs/pull/5/head' });
    }, want);
    await checkout(clone);
    expect(readFileSync(join(repo, 'a.txt'), 'utf8')).toBe('fork');
    expect(inClone('branch', '-r', '--contains', 'HEAD')).toBe('');
  });

  test('a clone with a depth has that many commits, and no others', async () => {
    const { clone, repo, inClone } = await labWith((lab) => {
      for (let index = 0; index < 5; index += 1) lab.origin.commit({ 'a.txt': `${index}` });
    });
    await checkout({ ...clone, depth: 2 });
    expect(inClone('rev-list', '--count', 'HEAD')).toBe('2');
    expect(inClone('rev-parse', '--is-shallow-repository')).toBe('true');
    expect(inClone('rev-parse', 'origin/main')).toBe(clone.commit);
    expect(inClone('status', '--porcelain')).toBe('');
    expect(readFileSync(join(repo, 'a.txt'), 'utf8')).toBe('4');
    expect(everyPath(repo).filter((path) => lstatSync(path).uid !== RUN_OWNER.uid)).toEqual([]);
  });

  test('replaces what an interrupted one left', async () => {
    const { clone, repo, inClone } = await labWith({ 'a.txt': 'one' });
    mkdirSync(join(repo, '.git'), { recursive: true });
    writeFileSync(join(repo, '.git/index.lock'), '');
    writeFileSync(join(repo, 'a.txt'), 'half');
    await checkout(clone);
    expect(inClone('status', '--porcelain')).toBe('');
  });

  test('a clone can be made many times at once while the mirror joins its packs', async () => {
    const { clone, dir } = await labWith((lab) => {
      for (let index = 0; index < 5; index += 1) lab.origin.commit(manyFiles(20, index));
    });
    let stop = false;
    const repacking = (async () => {
      for (let index = 0; !stop; index += 1) {
        const size = index % 2 === 0 ? ['--max-pack-size=1m'] : [];
        git(clone.mirror, ['repack', '-a', '-d', '-q', '-f', ...size]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const repos = Array.from({ length: 12 }, (_, index) => join(dir, 'many', `${index}`));
    await Promise.all(repos.map(async (repo) => await checkout({ ...clone, dir: repo })));
    stop = true;
    await repacking;
    for (const repo of repos) git(repo, ['-c', 'safe.directory=*', 'fsck', '--full']);
  });
});

test('a large pack is copied ahead, so that the next clone just takes it', async () => {
  const { clone, dir } = await labWith((lab) => {
    lab.origin.git('config', 'core.compression', '0');
    lab.origin.commit({ 'large.bin': randomBytes(13 * 1024 ** 2).toString('base64') });
  });
  const spares = (): string[] => globSync(`${clone.mirror}/spare/*.pack`);
  await checkout(clone);
  await vi.waitFor(() => expect(spares()).toHaveLength(1), 20_000);
  const [spare = ''] = spares();
  const { ino } = lstatSync(spare);
  writeFileSync(`${spare}.half`, 'left by one that was killed');
  const next = join(dir, 'next');
  await checkout({ ...clone, dir: next });
  const [taken = ''] = globSync(`${next}/.git/objects/pack/*.pack`);
  expect(lstatSync(taken)).toMatchObject({ ino, nlink: 1, uid: RUN_OWNER.uid });
  git(next, ['-c', 'safe.directory=*', 'fsck', '--full']);
  git(clone.mirror, ['fsck', '--full']);
});

describe('a repository that means harm', () => {
  test('a repository that means harm runs nothing: no filter, no hook, no submodule', async () => {
    const { clone, dir, repo } = await labWith({
      '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n*.txt filter=evil\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${'OWNED'}\n\tupdate = !touch OWNED\n`,
      '.lfsconfig': '[lfs]\n\turl = http://127.0.0.1:1/\n',
      '.githooks/post-checkout': '#!/bin/sh\ntouch OWNED\n',
      'model.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      'a.txt': 'plain',
    });
    await checkout(clone);
    expect(readFileSync(join(repo, 'model.bin'), 'utf8')).toMatch(/^version https/);
    expect(readFileSync(join(repo, 'a.txt'), 'utf8')).toBe('plain');
    expect(globSync('**/OWNED', { cwd: dir })).toEqual([]);
  });

  test('a repository that means harm writes through none of its links', async () => {
    const { clone, repo, dir } = await labWith((lab) => {
      const tree = (entries: string): string => git(lab.origin.path, ['mktree'], entries);
      const blob = (text: string): string => git(lab.origin.path, ['hash-object', '-w', '--stdin'], text);
      const outside = blob(join(lab.dir, 'outside'));
      const root = tree(
        `120000 blob ${outside}\tlink\n040000 tree ${tree(`100644 blob ${blob('x')}\tfile\n`)}\tlink2\n`,
      );
      const commit = git(lab.origin.path, ['commit-tree', '-m', 'links', root]);
      lab.origin.git('update-ref', 'refs/heads/main', commit);
      mkdirSync(join(lab.dir, 'outside'));
    });
    await checkout(clone);
    expect(readlinkSync(join(repo, 'link'))).toBe(join(dir, 'outside'));
    expect(everyPath(join(dir, 'outside'))).toEqual([join(dir, 'outside')]);
    expect(lstatSync(join(dir, 'outside')).uid).toBe(process.getuid?.());
  });

  test.each(['.git', '.GIT', '..'])(
    'with %j in its tree is not checked out, and nothing is left',
    async (name) => {
      const { clone, repo } = await labWith((lab) => {
        const blob = git(lab.origin.path, ['hash-object', '-w', '--stdin'], '#!/bin/sh\ntouch OWNED\n');
        const hooks = git(lab.origin.path, ['mktree'], `100755 blob ${blob}\tconfig\n`);
        const raw = Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(hooks, 'hex')]);
        writeFileSync(join(lab.dir, 'raw'), raw);
        const root = git(lab.origin.path, [
          'hash-object',
          '-w',
          '-t',
          'tree',
          '--literally',
          join(lab.dir, 'raw'),
        ]);
        const commit = git(lab.origin.path, ['commit-tree', '-m', 'evil', root]);
        lab.origin.git('update-ref', 'refs/heads/main', commit);
      });
      await checkout(clone).then(
        () => expect(readFileSync(join(repo, '.git/config'), 'utf8')).toContain(ORIGIN_URL),
        (error: unknown) => expect(error).toMatchObject({ code: 'checkout_failed' }),
      );
      expect(existsSync(join(repo, '..', 'config'))).toBe(false);
    },
  );
});

describe('a clone that cannot be made', () => {
  test('a clone that cannot be made for a commit that the mirror does not have says so, and leaves nothing', async () => {
    const { clone, repo } = await labWith({ 'a.txt': 'one' });
    const commit = 'd'.repeat(40);
    await expect(checkout({ ...clone, commit })).rejects.toMatchObject({
      code: 'checkout_failed',
      message: expect.stringContaining(commit),
    });
    await expect(checkout({ ...clone, commit, depth: 1 })).rejects.toMatchObject({ code: 'checkout_failed' });
    expect(existsSync(repo)).toBe(false);
  });

  test('because a name in it is too long says so, and leaves nothing', async () => {
    const { clone, repo } = await labWith({ ['n'.repeat(300)]: 'x' });
    await expect(checkout(clone)).rejects.toMatchObject({ code: 'checkout_failed' });
    expect(existsSync(repo)).toBe(false);
  });

  test.each([
    [{ branch: '-b' }, 'ref_refused'],
    [{ branch: '../../../x' }, 'ref_refused'],
    [{ branch: '' }, 'ref_refused'],
    [{ branch: 'a\n[core]' }, 'ref_refused'],
    [{ commit: 'main' }, 'commit_refused'],
    [{ commit: '--help' }, 'commit_refused'],
  ])('with %j is refused: %s', async (part, code) => {
    const { clone, repo } = await labWith({ 'a.txt': 'one' });
    await expect(checkout({ ...clone, ...part })).rejects.toMatchObject({ code });
    expect(existsSync(repo)).toBe(false);
  });

  test('because it was called off throws that cause, and leaves nothing', async () => {
    const { clone, repo } = await labWith(manyFiles(2_000));
    const cause = new FlowError({
      code: 'run_cancelled',
      blame: 'operator',
      message: 'Stop.',
      hint: 'None.',
    });
    const controller = new AbortController();
    const made = checkout({ ...clone, signal: controller.signal });
    setTimeout(() => controller.abort(cause), 20);
    await expect(made).rejects.toBe(cause);
    expect(existsSync(repo)).toBe(false);
  });
});
