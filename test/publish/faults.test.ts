import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PublishPlan } from '../../src/publish/push/plan.ts';
import type { TimelineEntry } from '../../src/runs/run.ts';
import { openPublishLab } from '../support/git/publish-lab.ts';
import type { Misbehaviour } from '../support/github/api.ts';
import { until } from '../support/service/service.ts';
import { size } from '../support/suite/size.ts';

type Lab = Awaited<ReturnType<typeof openPublishLab>>;

const IS_LONG = size(0, 1) === 1;

const TOLD = ['published', 'publish_refused', 'publish_stuck', 'publish_delayed'];

/** The first thing that is told of a run's publication. */
async function firstWord(lab: Lab, id: string, ms = 5_000): Promise<TimelineEntry> {
  await lab.clock.advance(ms);
  const find = async () => (await lab.runs.timeline(id)).find(({ kind }) => TOLD.includes(kind));
  return await until('something is told', find, 60_000);
}

async function settled(lab: Lab): Promise<void> {
  await until('nothing waits', async () => (await lab.publications.waiting()).length === 0 || undefined);
}

/** What each error is told as at first: refused for good, stuck until somebody fixes it, or delayed until it passes. */
const AT_GITHUB: [Misbehaviour, string, string][] = [
  [{ status: 401 }, 'publish_stuck', 'github_token_refused'],
  [{ status: 403 }, 'publish_stuck', 'github_refused'],
  [{ status: 404 }, 'publish_stuck', 'github_not_found'],
  [{ status: 409 }, 'publish_delayed', 'github_invalid'],
  [
    {
      status: 422,
      message: 'Validation Failed',
      errors: [{ code: 'custom', message: 'No commits between' }],
    },
    'publish_refused',
    'github_invalid',
  ],
  [{ status: 429, headers: { 'retry-after': '60' } }, 'publish_delayed', 'github_rate_limited'],
  [{ status: 503 }, 'publish_delayed', 'github_unreachable'],
  ['silence', 'publish_delayed', 'github_unreachable'],
];

const CALLS: [string, RegExp][] = [
  ['a new pull request', /^POST .*\/pulls$/],
  ['the look for a pull request', /^GET .*\/pulls$/],
  ['a changed pull request', /^PATCH .*\/pulls\/\d+$/],
  ['the pull request of the event', /^GET .*\/pulls\/\d+$/],
];

/** What a publication is tried in vain with, and how often: what is asked again by itself takes seconds. */
function faultsAt(name: string): typeof AT_GITHUB {
  const statuses = name === 'a new pull request' ? [403, 409, 422] : [422];
  const quick = AT_GITHUB.filter(([how]) => statuses.includes(statusOf(how)));
  return IS_LONG ? AT_GITHUB : quick;
}

function statusOf(how: Misbehaviour): number {
  return typeof how === 'object' && 'status' in how ? how.status : 0;
}

const pull = (ref: string, sha: string, more = {}): Lab['github']['pulls'][number] => ({
  number: 7,
  title: 'Theirs',
  body: '',
  draft: false,
  state: 'open',
  head: { ref, sha, repository: 'o/r1' },
  base: 'main',
  labels: [],
  assignees: [],
  reviewers: [],
  ...more,
});

/** The publication of a run is tried again later, when whatever was wrong has passed. */
async function tryAgain(lab: Lab): Promise<void> {
  const end = Number.MAX_SAFE_INTEGER;
  await until('it waits', async () => (await lab.publications.overdue('x', end, 1))[0]?.tries);
  await lab.clock.advance(20_000);
  await settled(lab);
}

test.each(CALLS)(
  '%s: each error is told as what it is, and passes when it passes',
  async (name, path) => {
    const lab = await openPublishLab();
    for (const [at, [how, kind, code]] of faultsAt(name).entries()) {
      const number = 10 + at;
      const branch = `work-${at}`;
      const isOwn = name === 'the pull request of the event';
      if (isOwn) lab.repository.git('update-ref', `refs/heads/${branch}`, lab.base);
      if (isOwn || name === 'a changed pull request')
        lab.github.pulls.push(pull(branch, lab.base, { number }));
      const times = [409, 503, 0].includes(statusOf(how)) && !path.test('POST /pulls') ? 3 : 1;
      lab.github.misbehaveAt(path, how, times);
      lab.told.length = 0;
      const as = isOwn ? 'pull-request-branch' : 'pull-request';
      const id = await lab.kept({ a: branch }, { as, branch, number });
      const word = await firstWord(lab, id);
      const label = `${name} ${JSON.stringify(how)}`;
      const isPushedOnly = kind === 'publish_refused' && !isOwn;
      const told = isPushedOnly ? 'publish_pull_request_refused' : code;
      expect([word.kind, word.data.code], label).toEqual([kind, told]);
      if (isPushedOnly)
        expect(word.data.public).toMatch(
          /^Only the branch was published: .*Validation Failed; No commits between/,
        );
      if (kind === 'publish_refused') await settled(lab);
      else await tryAgain(lab);
      expect(lab.told.length, label).toBe({ publish_refused: 1, publish_stuck: 2 }[kind] ?? 1);
      const kinds = (await lab.runs.timeline(id)).map((entry) => entry.kind);
      expect(kinds, label).toContain(kind === 'publish_refused' ? 'publish_refused' : 'published');
    }
  },
  size(60_000, 400_000),
);

test(
  'labels, people and reviewers that GitHub does not take are noted, and the pull request is there',
  async () => {
    const lab = await openPublishLab();
    const paths = [/\/labels$/, /\/assignees$/, /\/requested_reviewers$/];
    for (const [how] of AT_GITHUB.slice(...(IS_LONG ? [0, 7] : [4, 5]))) {
      for (const path of paths) lab.github.misbehaveAt(path, how, [409, 503].includes(statusOf(how)) ? 3 : 1);
      const wish = { labels: ['l'], assignees: ['octocat'], reviewers: ['hubot'] };
      const id = await lab.kept({ a: JSON.stringify(how) }, wish);
      expect((await firstWord(lab, id)).kind).toBe('published');
      await settled(lab);
      const note = (await lab.runs.timeline(id)).find(({ kind }) => kind === 'publish_note');
      expect(note?.text).toMatch(/labels.*assignees.*reviewers/);
    }
  },
  size(30_000, 200_000),
);

const AT_GIT: ['status' | 'pushStatus', number, string, string][] = [
  ['pushStatus', 403, 'publish_stuck', 'push_forbidden'],
  ['status', 503, 'publish_delayed', 'repository_unreachable'],
  ['status', 401, 'publish_stuck', 'repository_login_refused'],
  ['pushStatus', 401, 'publish_stuck', 'push_forbidden'],
  ['pushStatus', 404, 'publish_stuck', 'push_forbidden'],
  ['status', 403, 'publish_stuck', 'repository_forbidden'],
  ['status', 404, 'publish_stuck', 'repository_not_found'],
  ['status', 429, 'publish_delayed', 'repository_unreachable'],
  ['pushStatus', 429, 'publish_delayed', 'repository_unreachable'],
  ['pushStatus', 503, 'publish_delayed', 'repository_unreachable'],
];

test(
  'what the git server answers to a look and to a push is told, and tried again',
  async () => {
    const lab = await openPublishLab();
    for (const [which, status, kind, code] of IS_LONG ? AT_GIT : AT_GIT.slice(0, 2)) {
      lab.server.mood[which] = status;
      const id = await lab.kept({ a: `${which} ${status}` });
      const word = await firstWord(lab, id);
      expect([word.kind, word.data.code], `${which} ${status}`).toEqual([kind, code]);
      lab.server.mood[which] = undefined;
      await tryAgain(lab);
      expect((await lab.runs.timeline(id)).map((entry) => entry.kind)).toContain('published');
    }
  },
  size(30_000, 200_000),
);

function hook(lab: Lab, script: string): void {
  const file = join(lab.repository.path, 'hooks/pre-receive');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

test('a server that is itself at fault is asked again, and the no of its hook is final and told in its own words', async () => {
  const lab = await openPublishLab();
  hook(lab, 'echo "fatal error in commit_refs" >&2; exit 1');
  const id = await lab.kept({ a: 'a' });
  const first = await firstWord(lab, id);
  expect([first.kind, first.data.code]).toEqual(['publish_delayed', 'repository_unreachable']);
  expect(first.text).toContain('fatal error in commit_refs');
  hook(lab, 'echo "GH006: Protected branch" >&2; exit 1');
  await tryAgain(lab);
  const word = (await lab.runs.timeline(id)).find(({ kind }) => kind === 'publish_refused');
  expect(word?.data.code).toBe('push_branch_protected');
  expect(word?.text).toContain('GH006: Protected branch');
  expect(word?.text).not.toContain('file://');
});

test('push protection is told with the place, and its address to let the secret through to the operator alone', async () => {
  const lab = await openPublishLab();
  const words = [
    'error: GH013: Repository rule violations found for refs/heads/x.',
    ...Array.from({ length: 8 }, (_, index) => `line ${index}`),
    '- Push cannot contain secrets',
    'path: fixture.js:1',
    'https://github.com/o/r1/security/secret-scanning/unblock-secret/EXAMPLE',
    '- Commits must have verified signatures.',
  ];
  hook(lab, `cat >/dev/null; cat >&2 <<'E'\n${words.join('\n')}\nE\nexit 1`);
  const word = await firstWord(lab, await lab.kept({ a: 'a' }));
  expect(word.data.codes).toBe('push_secret_blocked, push_signature_required');
  for (const said of [words[0], 'fixture.js:1', 'verified signatures']) expect(word.text).toContain(said);
  expect(`${word.text} ${String(word.data.hint)}`).not.toContain('unblock-secret');
  expect(word.data.detail).toContain('unblock-secret/EXAMPLE');
});

test('a branch below another branch is refused for good', async () => {
  const lab = await openPublishLab();
  lab.repository.git('update-ref', 'refs/heads/a', lab.base);
  const word = await firstWord(lab, await lab.kept({ a: 'a' }, { branch: 'a/b' }));
  expect([word.kind, word.data.code]).toEqual(['publish_refused', 'publish_branch_in_the_way']);
  expect(word.data.hint).toContain('publish.branch');
});

test('a branch that moves while it is pushed is looked at again', async () => {
  const lab = await openPublishLab();
  hook(lab, `unset GIT_QUARANTINE_PATH; git update-ref refs/heads/work ${lab.base}`);
  const id = await lab.kept({ a: 'a' }, { branch: 'work' });
  const word = await firstWord(lab, id);
  expect([word.kind, word.data.code]).toEqual(['publish_delayed', 'push_branch_moved']);
  await tryAgain(lab);
  const refused = (await lab.runs.timeline(id)).find(({ kind }) => kind === 'publish_refused');
  expect(refused?.data.code).toBe('publish_branch_taken');
});

const GONE: [string, (lab: Lab, id: string) => string][] = [
  ['bundle', ({ varDir }, id) => join(varDir, 'log/runs', id)],
  ['mirror', ({ varDir }) => join(varDir, 'mirrors/1.git')],
];

test.each(GONE)('a %s that is gone is told once and for all', async (_name, placeOf) => {
  for (const as of ['pull-request', 'patch'] satisfies PublishPlan['as'][]) {
    const lab = await openPublishLab();
    const id = await lab.kept({ a: 'a' }, { as });
    rmSync(placeOf(lab, id), { recursive: true });
    const word = await firstWord(lab, id);
    expect([word.kind, word.data.code]).toEqual(['publish_refused', 'publish_changes_gone']);
    await settled(lab);
  }
});

test('a pull request that somebody closed before the service knew of it is not opened twice', async () => {
  const lab = await openPublishLab();
  const id = await lab.kept({ a: 'a' }, { branch: 'work' });
  const commit = lab.repository.git('rev-parse', 'refs/work/x');
  lab.repository.git('update-ref', 'refs/heads/work', commit);
  lab.github.pulls.push(pull('work', commit, { state: 'closed' }));
  expect((await firstWord(lab, id)).text).toBe('Updated pull request #7 from work.');
  expect(lab.github.pulls).toHaveLength(1);
});

test('the branch of a pull request from a fork is never pushed to', async () => {
  const lab = await openPublishLab();
  lab.github.pulls.push(
    pull('own', lab.base, { head: { ref: 'own', sha: lab.base, repository: 'stranger/r1' } }),
  );
  const id = await lab.kept({ a: 'a' }, { as: 'pull-request-branch' });
  expect((await firstWord(lab, id)).data.code).toBe('publish_fork');
});

test('a publication whose host is gone for a day is told by another one', async () => {
  const lab = await openPublishLab();
  const id = await lab.kept({ a: 'a' });
  await lab.db.kysely
    .updateTable('publications' as never)
    .set({ host: 'gone' } as never)
    .execute();
  lab.clock.time += 23 * 3_600_000;
  await lab.clock.advance(10_000);
  expect(await lab.publications.waiting()).toHaveLength(1);
  lab.clock.time += 2 * 3_600_000;
  await lab.clock.advance(10_000);
  await settled(lab);
  const word = (await lab.runs.timeline(id)).find(({ kind }) => kind === 'publish_refused');
  expect(word?.data.code).toBe('publish_host_gone');
  expect(lab.told).toEqual([id]);
});
