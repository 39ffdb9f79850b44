import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { makeQuarantine } from '../../src/publish/bundle/quarantine.ts';
import { type Entry, forgeOf } from '../support/git/hostile-repository.ts';
import { git, makeRepository } from '../support/git/repository.ts';

type Forge = ReturnType<typeof forgeOf>;

const MIB = 1024 ** 2;

const file = (forge: Forge, name: string | Buffer, content = 'x\n'): Entry => ({
  mode: '100644',
  name,
  id: forge.blob(content),
});

/** What an agent committed as one tree, or as a commit of its own making, and what becomes of it. */
const ROWS: [what: string, make: (forge: Forge, base: string) => string, out: string][] = [
  [
    'ten billion files in eleven trees',
    (forge, base) => forge.commit(forge.nest(forge.tree([file(forge, 'f')]), 10), [base]),
    'changes_too_large',
  ],
  [
    'a submodule whose update is a program',
    (forge, base) =>
      forge.commit(
        forge.tree([file(forge, '.gitmodules', '[submodule "x"]\n\tpath = x\n\turl = u\n\tupdate = !id\n')]),
        [base],
      ),
    'changes_invalid',
  ],
  [
    'a .gitmodules that is a link',
    (forge, base) =>
      forge.commit(forge.tree([{ mode: '120000', name: '.gitmodules', id: forge.blob('/etc/passwd') }]), [
        base,
      ]),
    'changes_invalid',
  ],
  [
    'a name with a slash',
    (forge, base) => forge.commit(forge.tree([file(forge, '/etc/passwd')]), [base]),
    'changes_invalid',
  ],
  [
    'two entries of one name',
    (forge, base) => forge.commit(forge.tree([file(forge, 'a'), file(forge, 'a', 'y\n')]), [base]),
    'changes_invalid',
  ],
  [
    'a tree out of order',
    (forge, base) => forge.commit(forge.tree([file(forge, 'b'), file(forge, 'a')]), [base]),
    'changes_invalid',
  ],
  [
    'a file that is not there',
    (forge, base) => forge.commit(forge.tree([{ mode: '100644', name: 'gone', id: '3'.repeat(40) }]), [base]),
    'changes_invalid',
  ],
  [
    'a parent that is not there',
    (forge) => forge.commit(forge.tree([]), ['4'.repeat(40)]),
    'changes_invalid',
  ],
  [
    'a tree in the place of a file',
    (forge, base) => forge.commit(forge.tree([{ mode: '100644', name: 'a', id: forge.tree([]) }]), [base]),
    'changes_invalid',
  ],
  [
    'names of control characters, line ends and bytes that are no text',
    (forge, base) =>
      forge.commit(
        forge.tree([
          file(forge, Buffer.from('a\nb')),
          file(forge, Buffer.from('a\x1b[2J')),
          file(forge, Buffer.from([0x61, 0xff])),
        ]),
        [base],
      ),
    'kept',
  ],
  [
    'a commit with ten thousand parents',
    (forge, base) =>
      forge.commit(
        forge.tree([file(forge, 'a')]),
        Array.from({ length: 10_000 }, () => base),
      ),
    'kept',
  ],
  [
    'a message of twenty megabytes',
    (forge, base) => forge.commit(forge.tree([file(forge, 'a')]), [base], 'm'.repeat(20 * MIB)),
    'kept',
  ],
];

test.each(ROWS)(
  '%s: what an agent committed stays within the limits of the host',
  { timeout: 120_000 },
  async (_what, make, out) => {
    const dir = mkdtempSync(join(tmpdir(), 'gf-hostile-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const mirror = makeRepository(dir, 'octo', 'hello');
    const base = mirror.commit({ 'README.md': '# Hello\n' });
    const agent = makeRepository(dir, 'agent', 'agent');
    const commit = make(forgeOf(agent.path), base);
    const packFile = join(dir, 'pack');
    writeFileSync(packFile, packOf(agent.path));
    const quarantine = await makeQuarantine({
      dir: join(dir, 'quarantine'),
      mirror: mirror.path,
      base,
      branch: 'work',
    });
    const keep = async (): Promise<string> => {
      await quarantine.admit(packFile, commit);
      await quarantine.count();
      await quarantine.writePatch(join(dir, 'patch'));
      await quarantine.writeBundle(join(dir, 'bundle'));
      return 'kept';
    };
    const end = await keep().catch((error: unknown) => {
      if (!(error instanceof FlowError)) throw error;
      expect(error.blame).toBe('agent');
      return error.code;
    });
    expect(end).toBe(out);
    const bytes = Number(
      execFileSync('du', ['-s', '-B1', join(dir, 'quarantine')], { encoding: 'utf8' }).split('\t')[0],
    );
    expect(bytes).toBeLessThan(600 * MIB);
  },
);

/** All that lies in a repository, reachable or not. */
function packOf(path: string): Buffer {
  const ids = git(path, ['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']);
  return execFileSync('git', ['pack-objects', '--stdout', '-q'], {
    cwd: path,
    input: `${ids}\n`,
    maxBuffer: 2 ** 30,
  });
}
