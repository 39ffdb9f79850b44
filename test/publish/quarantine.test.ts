import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { changesNothing } from '../../src/flow/publishing/publish-run.ts';
import { makeQuarantine, type Quarantine } from '../../src/publish/bundle/quarantine.ts';
import { makeRepository, type TestRepository } from '../support/git/repository.ts';

let dir: string;
let mirror: TestRepository;
let base: string;
let quarantine: Quarantine;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gf-quarantine-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mirror = makeRepository(dir, 'octo', 'hello');
  base = mirror.commit({ 'README.md': '# Hello\n' });
  quarantine = await makeQuarantine({
    dir: join(dir, 'quarantine'),
    mirror: mirror.path,
    base,
    branch: 'work',
  });
});

/** Writes an object whatever it holds, as an agent can; gives its id. */
function writeObject(type: 'blob' | 'tree' | 'commit', content: Buffer | string): string {
  const args = ['hash-object', '-w', '--literally', '-t', type, '--stdin'];
  return execFileSync('git', args, { cwd: mirror.path, input: content, encoding: 'utf8' }).trim();
}

function treeOf(...entries: [mode: string, name: string, id: string][]): string {
  const parts = entries.map(([mode, name, id]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
  );
  return writeObject('tree', Buffer.concat(parts));
}

function commitOf(tree: string): string {
  const who = 'Agent <agent@example.org> 1700000000 +0000';
  return writeObject('commit', `tree ${tree}\nparent ${base}\nauthor ${who}\ncommitter ${who}\n\nwork\n`);
}

/** A pack of just these objects, which then are taken out of the mirror. */
function packOf(...ids: string[]): string {
  const file = join(dir, 'agent.pack');
  const input = `${ids.join('\n')}\n`;
  writeFileSync(file, execFileSync('git', ['pack-objects', '--stdout', '-q'], { cwd: mirror.path, input }));
  for (const id of ids) rmSync(join(mirror.path, 'objects', id.slice(0, 2), id.slice(2)), { force: true });
  return file;
}

test('what is sound and whole is admitted, and comes out as a patch', async () => {
  const blob = writeObject('blob', 'new\n');
  const tree = treeOf(['100644', 'new.txt', blob]);
  const commit = commitOf(tree);
  await quarantine.admit(packOf(blob, tree, commit), commit);
  expect(await quarantine.count()).toEqual({ commits: 1, ofBase: 0, files: 2, isAsBefore: false });
  await quarantine.writePatch(join(dir, 'patch'));
  expect(readFileSync(join(dir, 'patch'), 'utf8')).toContain('+new');
});

test.each(['.git', '.GIT', '..', 'a/b'])('a tree with an entry named %s is refused', async (name) => {
  const blob = writeObject('blob', 'new\n');
  const tree = treeOf(['100644', name, blob]);
  const commit = commitOf(tree);
  await expect(quarantine.admit(packOf(blob, tree, commit), commit)).rejects.toMatchObject({
    code: 'changes_invalid',
  });
});

test('a commit whose file is not in the pack and not in this repository is refused', async () => {
  const blob = writeObject('blob', 'of another repository\n');
  const tree = treeOf(['100644', 'stolen.txt', blob]);
  const commit = commitOf(tree);
  const pack = packOf(tree, commit);
  rmSync(join(mirror.path, 'objects', blob.slice(0, 2), blob.slice(2)), { force: true });
  await expect(quarantine.admit(pack, commit)).rejects.toMatchObject({ code: 'changes_invalid' });
});

test('a tree that unfolds to a billion files is refused before anything holds them in memory', async () => {
  const blob = writeObject('blob', 'new\n');
  const trees = [treeOf(['100644', 'x', blob])];
  for (let level = 0; level < 9; level += 1)
    trees.unshift(
      treeOf(...[...'0123456789'].map((name): [string, string, string] => ['40000', name, trees[0] ?? ''])),
    );
  const commit = commitOf(trees[0] ?? '');
  await expect(quarantine.admit(packOf(blob, ...trees, commit), commit)).rejects.toMatchObject({
    code: 'changes_too_large',
  });
});

test('a merge of the base alone is something to push, and nothing for a patch; what is taken back is neither', async () => {
  const main = mirror.commit({ 'main.txt': 'main\n' });
  mirror.git('update-ref', 'refs/heads/pr', base);
  const head = mirror.commit({ 'pr.txt': 'pr\n' }, { ref: 'refs/heads/pr' });
  const count = async (name: string, tip: string) => {
    const made = { dir: join(dir, name), mirror: mirror.path, base: head, branch: 'w', known: [main, head] };
    const place = await makeQuarantine(made);
    await place.admit(packOf(tip), tip);
    return await place.count();
  };
  const commit = (tree: string, ...parents: string[]): string =>
    mirror.git('commit-tree', '-m', 'x', ...parents.flatMap((id) => ['-p', id]), tree);
  const merged = await count('merge', commit(mirror.git('merge-tree', head, main), head, main));
  expect(merged).toEqual({ commits: 1, ofBase: 0, files: 0, isAsBefore: false });
  const undone = await count('undone', commit(`${head}^{tree}`, head));
  expect(undone).toEqual({ commits: 1, ofBase: 0, files: 0, isAsBefore: true });
  const nothing = (of: object) =>
    (['pull-request-branch', 'patch'] as const).map((as) => changesNothing(as, { ...of }));
  expect([nothing(merged), nothing(undone)]).toEqual([
    [false, true],
    [true, true],
  ]);
});
