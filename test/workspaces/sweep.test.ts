import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listWorkspaces, removeWorkspace, workspaceLayout } from '../../src/workspaces/layout.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const names = { owner: 'owner', name: 'repository', runId: 'run1' };

async function workspace(): Promise<{ root: string; dir: string; repo: string }> {
  const root = join(await temporaryDirectory(), 'work');
  const layout = workspaceLayout(root, names);
  mkdirSync(layout.repo, { recursive: true });
  return { root, ...layout };
}

/** Runs a script inside a directory, as an agent would. */
const asAgent = (dir: string, script: string): void => {
  execFileSync('bash', ['-c', script], { cwd: dir });
};

describe('removing a workspace', () => {
  test('removing a workspace takes it away, and the directories above it that are empty then', async () => {
    const { root, dir } = await workspace();
    const other = workspaceLayout(root, { ...names, name: 'other' });
    mkdirSync(other.repo, { recursive: true });
    await removeWorkspace(dir);
    expect(readdirSync(join(root, 'owner'))).toEqual(['other']);
    await removeWorkspace(other.dir);
    expect(readdirSync(root)).toEqual([]);
    await removeWorkspace(dir);
  });

  test('copes with directories that nobody may read, write or enter', async () => {
    const { dir, repo, root } = await workspace();
    asAgent(
      repo,
      'mkdir -p a/b/c d/e; touch a/b/c/f d/e/g; chmod 000 a/b/c a/b d/e; chmod 555 d; chmod 000 .',
    );
    await removeWorkspace(dir);
    expect(existsSync(join(root, 'owner'))).toBe(false);
  });

  test('copes with ten thousand levels', async () => {
    const { dir, root } = await workspace();
    const script = `const fs = require('node:fs');
      for (let level = 0; level < 10_000; level += 1) {
        fs.mkdirSync('directory');
        process.chdir('directory');
      }
      fs.writeFileSync('deepest', '');
      fs.chmodSync('.', 0);`;
    execFileSync(process.execPath, ['-e', script], { cwd: dir });
    await removeWorkspace(dir);
    expect(readdirSync(root)).toEqual([]);
  });

  test('copes with names of every kind', async () => {
    const { dir, repo, root } = await workspace();
    asAgent(
      repo,
      `touch -- -rf '*' ' ' $'new\\nline' $'\\xff\\xfe' $'\\e[31m' 'ü' "$(printf 'n%.0s' {1..255})"; mkdir -- --; mkfifo pipe`,
    );
    await removeWorkspace(dir);
    expect(readdirSync(root)).toEqual([]);
  });

  test('follows no link', async () => {
    const { dir, repo, root } = await workspace();
    const outside = join(root, '..', 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'kept');
    chmodSync(join(outside, 'precious'), 0o400);
    chmodSync(outside, 0o500);
    symlinkSync(outside, join(repo, 'link'));
    symlinkSync(repo, join(repo, 'loop'));
    symlinkSync(join(outside, 'precious'), join(repo, 'file'));
    asAgent(repo, 'mkdir closed; touch closed/x; chmod 000 closed');
    await removeWorkspace(dir);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('kept');
    expect(statSync(outside).mode & 0o777).toBe(0o500);
    expect(statSync(join(outside, 'precious')).mode & 0o777).toBe(0o400);
    chmodSync(outside, 0o700);
  });

  test('removing a workspace that is a link itself removes the link alone', async () => {
    const { root, dir } = await workspace();
    const outside = join(root, '..', 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'kept');
    await removeWorkspace(dir);
    mkdirSync(join(root, 'owner', 'repository'), { recursive: true });
    symlinkSync(outside, dir);
    await removeWorkspace(dir);
    expect(existsSync(join(outside, 'precious'))).toBe(true);
  });

  test('removing a workspace leaves the other names of a file alone', async () => {
    const { root, dir, repo } = await workspace();
    writeFileSync(join(root, 'kept'), 'kept');
    linkSync(join(root, 'kept'), join(repo, 'kept'));
    await removeWorkspace(dir);
    expect(readFileSync(join(root, 'kept'), 'utf8')).toBe('kept');
  });

  test('removing a workspace that cannot be removed says which and how', async () => {
    const dir = '/dev/null/run1';
    await expect(removeWorkspace(dir)).rejects.toMatchObject({
      code: 'workspace_not_removed',
      hint: expect.stringContaining(`sudo rm -rf -- ${dir}`),
    });
    await expect(removeWorkspace('/tmp/..')).rejects.toMatchObject({ code: 'name_refused' });
  });
});

describe('listing workspaces', () => {
  test('listing workspaces finds each by its names, and nothing else', async () => {
    const { root, dir } = await workspace();
    mkdirSync(join(root, 'owner', 'repository', 'run 2'));
    mkdirSync(join(root, 'owner', 'repository', '.run3'));
    writeFileSync(join(root, 'owner', 'file'), '');
    writeFileSync(join(root, 'owner', 'repository', 'file'), '');
    symlinkSync(dir, join(root, 'owner', 'repository', 'link'));
    expect(await listWorkspaces(root)).toEqual([
      { ...names, runId: '.run3', dir: join(root, 'owner', 'repository', '.run3') },
      { ...names, dir },
    ]);
    expect(await listWorkspaces(join(root, 'missing'))).toEqual([]);
  });
});

test.each([
  { ...names, owner: '..' },
  { ...names, name: '.' },
  { ...names, runId: '../../x' },
  { ...names, runId: '' },
  { ...names, owner: 'a/b' },
  { ...names, name: 'n'.repeat(101) },
  { ...names, name: 'ä' },
])('no workspace lies at %j', (wrong) => {
  expect(() => workspaceLayout('/work', wrong)).toThrow(expect.objectContaining({ code: 'name_refused' }));
});
