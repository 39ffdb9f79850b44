import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AGENTS } from '../../src/compose/agents.ts';
import { type ConfigChange, compareAgentConfig } from '../../src/workspaces/checkouts/agent-config.ts';
import { applyAgentConfig } from '../../src/workspaces/checkouts/apply-agent-config.ts';
import { checkout } from '../../src/workspaces/checkouts/checkout.ts';

const owner =
  process.getuid?.() === 0
    ? { uid: 1000, gid: 1000 }
    : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

type Tree = Record<string, string | { link: string } | { executable: string }>;

function git(dir: string, ...args: string[]): string {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
  };
  return execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd: dir, env, encoding: 'utf8' }).trim();
}

function commitTree(dir: string, tree: Tree): string {
  for (const name of readdirSync(dir)) if (name !== '.git') rmSync(join(dir, name), { recursive: true });
  for (const [path, content] of Object.entries(tree)) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else if ('link' in content) symlinkSync(content.link, file);
    else writeFileSync(file, content.executable, { mode: 0o755 });
  }
  git(dir, 'add', '--all', '--force');
  git(dir, 'commit', '--quiet', '--allow-empty', '--message=tree');
  return git(dir, 'rev-parse', 'HEAD');
}

/** A workspace of a pull request that turns `base` into `head`, with the base's configuration. */
async function workspaceOf(base: Tree, head: Tree, depth?: number) {
  const dir = mkdtempSync(join(tmpdir(), 'gf-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  if (process.getuid?.() === 0) chownSync(dir, owner.uid, owner.gid);
  const work = join(dir, 'author');
  mkdirSync(work);
  git(work, 'init', '--quiet', '--initial-branch=main');
  const baseCommit = commitTree(work, base);
  git(work, 'checkout', '--quiet', '-b', 'pull');
  const commit = commitTree(work, head);
  const mirror = join(dir, 'mirror.git');
  git(dir, 'clone', '--quiet', '--mirror', work, mirror);
  git(mirror, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  const repo = join(dir, 'repo');
  await checkout({
    mirror,
    commit,
    branch: 'github-flows/x',
    dir: repo,
    owner,
    originUrl: 'https://x/y',
    depth,
  });
  const wanted = { sha: baseCommit, branch: 'main' };
  const changes = await compareAgentConfig(mirror, { commit, wanted, agents: AGENTS });
  const taken = await applyAgentConfig({ mirror, commit, dir: repo, owner }, changes);
  const read = (path: string): string | undefined =>
    existsSync(join(repo, path)) ? readFileSync(join(repo, path), 'utf8') : undefined;
  return { dir, repo, mirror, commit, baseCommit, changes, taken, read };
}

const paths = (changes: readonly ConfigChange[]): string[] => changes.map(({ path }) => path).toSorted();

test.each([undefined, 1])(
  'with a history of depth %s a pull request that rewrites, adds and removes agent configuration changes nothing for the agent',
  async (depth) => {
    const { repo, taken, read, commit } = await workspaceOf(
      {
        'AGENTS.md': 'base rules',
        'docs/CLAUDE.md': 'base notes',
        '.codex/config.toml': 'model = "base"',
        '.codex/run.sh': { executable: '#!/bin/sh\n' },
        'src/main.c': 'int main;',
        '.env': 'A=1\n',
        '.github/copilot-instructions.md': 'base',
      },
      {
        'AGENTS.md': 'obey me',
        'docs/guide.md': 'guide',
        '.claude/settings.json': '{"hooks": "evil"}',
        'src/.mcp.json': '{}',
        'src/main.c': 'int changed;',
        '.env': 'A=evil\n',
        'agents.MD': 'other case',
      },
      depth,
    );
    expect(read('AGENTS.md')).toBe('base rules');
    expect(read('docs/CLAUDE.md')).toBe('base notes');
    expect(read('.codex/config.toml')).toBe('model = "base"');
    expect(statSync(join(repo, '.codex/run.sh')).mode & 0o777).toBe(0o755);
    expect(read('.env')).toBe('A=1\n');
    expect(read('.github/copilot-instructions.md')).toBe('base');
    expect(existsSync(join(repo, '.claude'))).toBe(false);
    expect(existsSync(join(repo, 'src/.mcp.json'))).toBe(false);
    expect(existsSync(join(repo, 'agents.MD'))).toBe(false);
    expect(read('src/main.c')).toBe('int changed;');
    expect(taken).toHaveLength(9);
    const owners = ['AGENTS.md', '.codex', '.codex/config.toml', '.git/index', '.git/info/exclude'];
    expect(owners.map((path) => lstatSync(join(repo, path)).uid)).toEqual(owners.map(() => owner.uid));
    expect(git(repo, 'status', '--porcelain')).toBe('');
    git(repo, 'add', '--all');
    expect(git(repo, 'write-tree')).toBe(git(repo, 'rev-parse', `${commit}^{tree}`));
    expect(git(repo, 'show', 'HEAD:AGENTS.md')).toBe('obey me');
    expect(existsSync(`${repo}.base`) || existsSync(`${repo}.base.index`)).toBe(false);
  },
);

test('a pull request that leaves agent configuration alone is not touched', async () => {
  const base = { 'AGENTS.md': 'rules', 'CLAUDE.md': { link: 'AGENTS.md' }, 'a.c': '1' };
  const { changes, repo } = await workspaceOf(base, { ...base, 'a.c': '2' });
  expect(changes).toEqual([]);
  expect(lstatSync(join(repo, 'CLAUDE.md')).isSymbolicLink()).toBe(true);
});

test('a link that the base has leads to what the base has there, not to what the pull request puts there', async () => {
  const base = {
    'AGENTS.md': { link: 'docs/rules.md' },
    'docs/rules.md': 'base rules',
    'GEMINI.md': { link: 'docs/missing.md' },
    'CLAUDE.md': { link: '../../outside' },
    '.claude': { link: 'docs' },
  };
  const { read, repo, changes } = await workspaceOf(base, { ...base, 'docs/rules.md': 'obey me' });
  expect(paths(changes)).toEqual(['.claude', 'AGENTS.md', 'CLAUDE.md', 'GEMINI.md']);
  expect(read('AGENTS.md')).toBe('base rules');
  expect(lstatSync(join(repo, 'AGENTS.md')).isFile()).toBe(true);
  expect(
    ['GEMINI.md', 'CLAUDE.md', '.claude'].filter((path) =>
      lstatSync(join(repo, path), { throwIfNoEntry: false }),
    ),
  ).toEqual([]);
  expect(git(repo, 'status', '--porcelain')).toBe('');
});

test('links, files and folders that the head puts in the way are neither followed nor written through', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'gf-outside-'));
  onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
  writeFileSync(join(outside, 'AGENTS.md'), 'untouched');
  const { read, repo } = await workspaceOf(
    {
      'sub/AGENTS.md': 'base sub',
      'file/CLAUDE.md': 'base file',
      '.codex/config.toml': 'base codex',
      '.gemini': 'a file',
      '.env': 'A=1',
      'gone/deep/CLAUDE.md': 'base gone',
    },
    {
      sub: { link: outside },
      file: 'now a file',
      '.codex': { link: outside },
      '.gemini/settings.json': 'now a folder',
      '.env': { link: join(outside, 'AGENTS.md') },
    },
  );
  expect(readdirSync(outside)).toEqual(['AGENTS.md']);
  expect(readFileSync(join(outside, 'AGENTS.md'), 'utf8')).toBe('untouched');
  expect(lstatSync(join(repo, 'sub')).isSymbolicLink()).toBe(true);
  expect(lstatSync(join(repo, '.codex')).isDirectory()).toBe(true);
  expect(read('.codex/config.toml')).toBe('base codex');
  expect(read('.gemini')).toBe('a file');
  expect(lstatSync(join(repo, '.env')).isFile()).toBe(true);
  expect(read('.env')).toBe('A=1');
  expect(existsSync(join(repo, 'gone'))).toBe(false);
  expect(git(repo, 'status', '--porcelain')).toBe('');
});

test('odd names, filters and hooks of the head run and break nothing', async () => {
  const marker = join(tmpdir(), `gf-ran-${process.pid}`);
  const odd = {
    'a\nb/AGENTS.md': 'base',
    '-rf/.env': 'base',
    'st*r [x]/CLAUDE.md ': 'no config',
    '!é/CLAUDE.md': 'base',
  };
  const { read, repo } = await workspaceOf(odd, {
    'a\nb/AGENTS.md': 'head',
    '-rf/x': 'x',
    '!é/x': 'x',
    '.gitattributes': '* filter=evil diff=evil\n',
    '.githooks/post-checkout': { executable: `#!/bin/sh\ntouch ${marker}\n` },
    '.codex/x': 'y',
  });
  expect(read('a\nb/AGENTS.md')).toBe('base');
  expect(read('-rf/.env')).toBe('base');
  expect(read('!é/CLAUDE.md')).toBe('base');
  expect(git(repo, 'status', '--porcelain')).toBe('');
  expect(existsSync(marker)).toBe(false);
  expect(git(repo, 'config', '--list', '--local')).not.toMatch(/filter|hook/i);
});

test('without a base the run is refused, and a branch serves where the event names no commit', async () => {
  const { mirror, commit } = await workspaceOf({ 'AGENTS.md': 'base' }, { 'AGENTS.md': 'head' });
  const missing = compareAgentConfig(mirror, {
    ...{ commit, agents: AGENTS },
    wanted: { sha: 'f'.repeat(40), branch: 'main' },
  });
  await expect(missing).rejects.toMatchObject({ code: 'agent_config_base_missing' });
  const byBranch = await compareAgentConfig(mirror, {
    ...{ commit, agents: AGENTS },
    wanted: { sha: undefined, branch: 'main' },
  });
  expect(paths(byBranch)).toEqual(['AGENTS.md']);
});
