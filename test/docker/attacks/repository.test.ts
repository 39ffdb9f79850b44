import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run, TimelineEntry } from '../../../src/runs/run.ts';
import { startScriptedAgent } from '../../support/engine/scripted-agent.ts';
import { makeRepository } from '../../support/git/repository.ts';
import { type GitHubApi, startGitHubApi } from '../../support/github/api.ts';
import { type TestService, until } from '../../support/service/service.ts';
import { sample } from '../../support/suite/size.ts';

/** What an agent may try with the .git that it owns. Nothing of it may run on the host or bring another repository out. */
const JEWELS = 'the crown jewels of another repository';

let service: TestService;
let github: GitHubApi;
let marker: string;
let mirror: string;
let jewel: string;

beforeAll(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  service = await startScriptedAgent({
    env: { MAX_CONCURRENT_RUNS: '4', GITHUB_API_URL: github.url },
    publish: {},
  });
  github.git.root = join(service.dir, 'git');
  marker = join(mkdtempSync(join(tmpdir(), 'gf-marker-')), 'ran');
  const other = makeRepository(join(service.dir, 'other'), 'octo', 'other');
  jewel = other.commit({ 'jewels.txt': `${JEWELS}\n` });
  mkdirSync(join(service.config.varDir, 'mirrors'), { recursive: true });
  mirror = join(service.config.varDir, 'mirrors/999.git');
  execFileSync('git', ['clone', '--quiet', '--mirror', other.path, mirror]);
});
/** They share four places for runs, so each may wait for others; what unfolds takes up to its limits of processor time. */
const PATIENCE_MS = 240_000;

afterAll(async () => {
  rmSync(join(marker, '..'), { recursive: true, force: true });
  await service.close();
  await github.close();
});

async function attack(
  script: string,
): Promise<{ kept?: TimelineEntry; refused?: TimelineEntry; published: string[] }> {
  const text = script.replaceAll('MIRROR', mirror).replaceAll('JEWEL', jewel).replaceAll('MARKER', marker);
  const { decision } = await service.comment(text);
  const run = await until(
    'the run ended',
    async () => {
      const found = await service.app.runs.find(decision?.runId ?? '');
      return found?.state === 'ended' ? found : undefined;
    },
    PATIENCE_MS,
  );
  expect(run, service.output(run.id)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  const log = join(service.config.varDir, 'log/runs', run.id, '1');
  const files = readdirSync(log).filter((name) => name.startsWith('changes.'));
  expect(existsSync(marker)).toBe(false);
  for (const file of files) expect(readFileSync(join(log, file), 'latin1')).not.toContain(JEWELS);
  if (files.length > 0) expect(unbundled(join(log, 'changes.bundle'), run.id)).not.toContain(JEWELS);
  expect(existsSync(join(service.config.workspaceRoot, 'octo/hello', run.id))).toBe(false);
  const timeline = await service.app.runs.timeline(run.id);
  const kept = timeline.find(({ kind }) => kind === 'changes_kept');
  const refused = timeline.find(({ kind }) => kind === 'changes_not_kept');
  expect(files).toEqual(kept ? ['changes.bundle', 'changes.patch'] : []);
  const pushed = await pushedBy(run, timeline);
  expect(pushed.contents).not.toContain(JEWELS);
  return { published: pushed.words, ...(kept ? { kept } : {}), ...(refused ? { refused } : {}) };
}

/** What became of the publication: `published`, or the codes of its refusal; and everything that was pushed. */
async function pushedBy(
  run: Run,
  timeline: readonly TimelineEntry[],
): Promise<{ words: string[]; contents: string }> {
  const branch = `refs/heads/github-flows/${run.id}`;
  const isThere = service.repository.git('for-each-ref', branch) !== '';
  const refused = timeline.find(({ kind }) => kind === 'publish_refused');
  const isPublished = timeline.some(({ kind }) => kind === 'published');
  expect(isThere).toBe(isPublished);
  return {
    words: isPublished ? ['published'] : String(refused?.data.codes ?? '').split(', '),
    contents: isThere ? service.repository.git('log', '-p', '--text', `main..${branch}`) : '',
  };
}

/** Everything that the bundle's commits say, in a clone of the repository that they belong to. */
function unbundled(bundle: string, runId: string): string {
  const clone = mkdtempSync(join(tmpdir(), 'gf-unbundled-'));
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', clone, ...args], { encoding: 'latin1', maxBuffer: 2 ** 28 });
  try {
    execFileSync('git', ['clone', '--quiet', '--bare', service.repository.path, clone]);
    git('fetch', '--quiet', bundle, `github-flows/${runId}`);
    return git('log', '-p', '--text', 'FETCH_HEAD');
  } finally {
    rmSync(clone, { recursive: true });
  }
}

const COMMIT = 'echo x > x; git add x; git commit -qm x';

const NOTHING_COMES_OUT = [
  ['a common directory that is a mirror', 'git checkout -qb b; echo MIRROR > .git/commondir'],
  [
    'a pack that is a link to a mirror',
    'for f in pack idx; do ln -s MIRROR/objects/pack/x.$f .git/objects/pack/; done; echo JEWEL > .git/HEAD',
  ],
  [
    'objects that are garbage',
    `${COMMIT}; for f in .git/objects/??/*; do chmod u+w $f; echo garbage > $f; done`,
  ],
  ['a .git that is a FIFO', 'rm -rf .git; mkfifo .git'],
  ['a HEAD that is a FIFO', 'rm .git/HEAD; mkfifo .git/HEAD'],
  ['a .git that is a file and leads to a mirror', 'rm -rf .git; echo "gitdir: MIRROR" > .git'],
  ['a .git that is a link to a mirror', 'rm -rf .git; ln -s MIRROR .git'],
  [
    'an alternate that is a mirror',
    'echo MIRROR/objects > .git/objects/info/alternates; echo JEWEL > .git/HEAD',
  ],
  [
    'objects that are a link to a mirror',
    'rm -rf .git/objects; ln -s MIRROR/objects .git/objects; echo JEWEL > .git/HEAD',
  ],
  ['refs that are a link to a mirror', 'rm -rf .git/refs; ln -s MIRROR/refs .git/refs'],
  ['no .git at all', 'rm -rf .git'],
  ['a clone that is gone', 'cd ..; rm -rf repo'],
] as const;

test.concurrent.each([...sample(NOTHING_COMES_OUT, 4)])(
  '%s brings nothing out',
  async (_what, script) => {
    const { kept, refused } = await attack(script);
    expect(kept).toBeUndefined();
    expect(refused?.data).toMatchObject({ code: 'changes_unreadable' });
  },
  PATIENCE_MS,
);

test.concurrent.each([
  ['a tree that leads out of the repository', '..'],
  ['a tree with a .git in it', '.git'],
])(
  '%s is refused by the check',
  async (_what, name) => {
    const script = `
    blob=$(echo evil | git hash-object -w --stdin)
    raw() { printf "100644 %s\\0" "${name}"; perl -e 'print pack("H*", shift)' $blob; }
    tree=$(raw | git hash-object -t tree -w --literally --stdin)
    git update-ref HEAD $(git commit-tree -p HEAD -m evil $tree)`;
    const { kept, refused } = await attack(script);
    expect(kept).toBeUndefined();
    expect(refused?.data).toMatchObject({ code: 'changes_invalid' });
  },
  PATIENCE_MS,
);

const HONEST_COMMITS_COME_OUT = [
  [
    'a configuration full of programs',
    `cat >> .git/config <<'CONFIG'
[core]
  fsmonitor = touch MARKER
  sshCommand = touch MARKER
  pager = touch MARKER
  alternateRefsCommand = touch MARKER
  hooksPath = .git/hooks
  gitProxy = touch MARKER
[diff]
  external = touch MARKER
[diff "evil"]
  textconv = touch MARKER
  command = touch MARKER
[filter "evil"]
  clean = touch MARKER
  smudge = touch MARKER
  process = touch MARKER
[uploadpack]
  packObjectsHook = touch MARKER
[alias]
  bundle = !touch MARKER
CONFIG
echo '* filter=evil diff=evil' > .gitattributes
for hook in post-index-change reference-transaction pre-commit post-commit; do printf '#!/bin/sh\\ntouch MARKER\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done
git -c core.fsmonitor=false -c filter.evil.clean=cat -c filter.evil.process= -c core.hooksPath=/dev/null add -A
git -c core.fsmonitor=false -c filter.evil.clean=cat -c filter.evil.process= -c core.hooksPath=/dev/null commit -qm x`,
    'published',
  ],
  [
    'a submodule that is another repository of the host',
    'git update-index --add --cacheinfo 160000,JEWEL,sub; git commit -qm x',
    'publish_submodule',
  ],
  [
    'replaced objects and grafts',
    `${COMMIT}; git replace HEAD~1 HEAD -f; echo "$(git rev-parse HEAD)" > .git/info/grafts`,
    'published',
  ],
  [
    'a branch whose name is an option',
    `${COMMIT}; c=$(git rev-parse HEAD); mkdir -p .git/refs/heads; echo $c > ".git/refs/heads/--output=x"; printf 'ref: refs/heads/--output=x\\n' > .git/HEAD; git update-ref -d refs/heads/github-flows/$GITHUB_FLOWS_RUN_ID`,
    'published',
  ],
  [
    'files named like revisions and options',
    `echo x > HEAD; echo x > ./-rf; echo x > "$(printf 'a\\nb')"; git add -A; git commit -qm x`,
    'published',
  ],
] as const;

test.concurrent.each([...sample(HONEST_COMMITS_COME_OUT, 3)])(
  '%s runs nothing on the host, honest commits come out, and what goes to GitHub keeps to the limits',
  async (_what, script, came) => {
    const { kept, refused, published } = await attack(script);
    expect(published).toEqual([came]);
    expect(refused).toBeUndefined();
    expect(kept?.data).toMatchObject({ commits: 1 });
  },
  PATIENCE_MS,
);

test.concurrent(
  'a submodule whose address is a program is refused',
  async () => {
    const { refused } = await attack(`
    printf '[submodule "x"]\\n path = x\\n url = -u./payload\\n' > .gitmodules
    git update-index --add --cacheinfo 160000,JEWEL,x; git add .gitmodules; git commit -qm x`);
    expect(refused?.data).toMatchObject({ code: 'changes_invalid' });
  },
  PATIENCE_MS,
);

test.concurrent(
  'more than is taken ends in a refusal, not in a full disk or a busy host',
  async () => {
    const bomb = `
    t=$(git mktree </dev/null); b=$(echo x | git hash-object -w --stdin)
    t=$(printf '100644 blob %s\\tx\\n' $b | git mktree)
    for level in 1 2 3 4 5 6 7 8 9; do
      t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\t%s\\n' $t $n; done | git mktree)
    done
    git update-ref HEAD $(git commit-tree -p HEAD -m bomb $t)`;
    const bulky =
      'head -c 70000000 /dev/urandom > big; git -c core.compression=0 add big; git commit -qm big';
    const unfolding = 'truncate -s 300M zeros; git add zeros; git commit -qm zeros';
    const ends = await Promise.all(sample([bomb, bulky, unfolding], 1).map(attack));
    expect(ends.map(({ refused }) => refused?.data.code)).toEqual(ends.map(() => 'changes_too_large'));
  },
  PATIENCE_MS,
);
