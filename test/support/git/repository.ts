import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Runs git for a test, away from the developer's own set-up; gives its standard output without the last line end. */
export function git(cwd: string, args: readonly string[], input?: string): string {
  return execFileSync('git', [...args], {
    cwd,
    input,
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: '/dev/null',
      LC_ALL: 'C',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Author',
      GIT_AUTHOR_EMAIL: 'author@example.org',
      GIT_COMMITTER_NAME: 'Author',
      GIT_COMMITTER_EMAIL: 'author@example.org',
    },
  }).replace(/\n$/, '');
}

/** What a commit changes: the files' contents by path; null removes one. */
export type Files = Readonly<Record<string, string | null>>;

/** A bare repository that a test fills. */
export type TestRepository = {
  path: string;
  /** Commits on a ref (`refs/heads/main` unless told) and gives the commit. A forced one starts a new history. */
  commit(files: Files, options?: { ref?: string; force?: boolean; message?: string }): string;
  git(...args: string[]): string;
  /** Every branch with its commit. */
  branches(): Map<string, string>;
  /** Has a ref lead to a commit. */
  point(ref: string, commit: string): void;
};

/** Makes `<root>/<owner>/<name>.git`, empty, its HEAD at `main`. */
export function makeRepository(root: string, owner: string, name: string): TestRepository {
  const path = join(root, owner, `${name}.git`);
  makeEmpty(path);
  let time = 1_700_000_000;
  return {
    path,
    git: (...args) => git(path, args),
    branches() {
      const names = filesOf(path, 'refs/heads')
        .map((name) => name.slice('refs/heads/'.length))
        .toSorted();
      return new Map(names.map((name) => [name, readRef(path, `refs/heads/${name}`) ?? '']));
    },
    point(ref, commit) {
      mkdirSync(dirname(join(path, ref)), { recursive: true });
      writeFileSync(join(path, ref), `${commit}\n`);
    },
    commit(files, options = {}) {
      const ref = options.ref ?? 'refs/heads/main';
      time += 1;
      const parent = !options.force && readRef(path, ref) ? `${ref}^0` : undefined;
      const input = stream(files, { ref, parent, time, message: options.message });
      return parent ? importCommit(path, input) : importFirst(path, ref, input);
    },
  };
}

function importCommit(path: string, input: string): string {
  return git(path, ['fast-import', '--quiet', '--force'], input);
}

/** First commits that were made in this process: the files that each wrote, by what it was made of. */
const firsts = new Map<string, { commit: string; written: Map<string, Buffer> }>();

/** A commit without a parent. Most repositories of tests begin with the same one, and files are cheaper than a program. */
function importFirst(path: string, ref: string, input: string): string {
  const known = firsts.get(input);
  for (const [name, bytes] of known?.written ?? []) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  if (known) return known.commit;
  const isOnly = input.length < 1_000 && filesOf(path, 'objects').length === 0;
  const commit = importCommit(path, input);
  const names = isOnly ? [...filesOf(path, 'objects'), ref] : [];
  const written = new Map(names.map((name) => [name, readFileSync(join(path, name))]));
  if (isOnly) firsts.set(input, { commit, written });
  return commit;
}

function filesOf(path: string, below: string): string[] {
  const entries = readdirSync(join(path, below), { recursive: true, encoding: 'utf8' });
  return entries.map((name) => join(below, name)).filter((name) => statSync(join(path, name)).isFile());
}

/** The commit of a ref, loose or packed; asking git would start a program each time. */
export function readRef(path: string, ref: string): string | undefined {
  const [loose, packed] = [join(path, ref), join(path, 'packed-refs')];
  if (statSync(loose, { throwIfNoEntry: false })?.isFile()) return readFileSync(loose, 'utf8').trim();
  if (!existsSync(packed)) return undefined;
  const line = readFileSync(packed, 'utf8')
    .split('\n')
    .find((each) => each.endsWith(` ${ref}`));
  return line?.split(' ')[0];
}

/** What `git init --bare` makes, without a program. */
function makeEmpty(path: string): void {
  for (const below of ['hooks', 'objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    mkdirSync(join(path, below), { recursive: true });
  writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(
    join(path, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n',
  );
}

function stream(
  files: Files,
  head: { ref: string; parent: string | undefined; time: number; message: string | undefined },
): string {
  const message = head.message ?? `change ${head.time}`;
  const changes = Object.entries(files).map(([path, text]) =>
    text === null
      ? `D ${JSON.stringify(path)}\n`
      : `M 100644 inline ${JSON.stringify(path)}\ndata ${Buffer.byteLength(text)}\n${text}\n`,
  );
  return [
    `commit ${head.ref}\nmark :1\ncommitter Author <author@example.org> ${head.time} +0000\n`,
    `data ${Buffer.byteLength(message)}\n${message}\n`,
    head.parent === undefined ? '' : `from ${head.parent}\n`,
    ...changes,
    '\nget-mark :1\n',
  ].join('');
}

/** `count` files of a few kilobytes that differ, in directories of 40, as `Files`. */
export function manyFiles(count: number, salt = 0): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    const path = `d${Math.floor(index / 1000)}/s${Math.floor(index / 40) % 25}/file${index}.txt`;
    files[path] = `${index} ${salt}\n`.repeat(30 + ((index * 7919) % 600));
  }
  return files;
}
