import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readableLine } from '../../src/log/readable.ts';
import { createProfileSet, explainMatch, matchEvent } from '../../src/profiles/match/match.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { candidatesOf, commentEvent } from '../support/github/flow-events.ts';
import { type AdmissionLab, labProfile, openAdmissionLab } from '../support/service/admission.ts';
import { commentPayload } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const bot = { login: 'helper[bot]', type: 'Bot' };

async function open(options?: Parameters<typeof openAdmissionLab>[1]): Promise<AdmissionLab> {
  const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  onTestFinished(async () => await db.close());
  return await openAdmissionLab(db, options);
}

describe('the head of a pull request', () => {
  const onPull = { issue: { number: 7, pull_request: {} } };

  test('the head of a pull request is pinned when a comment on it becomes a run, and stays when the run is retried', async () => {
    const heads = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)];
    const lab = await open({ pullHead: async () => heads.shift() });
    await lab.comment('go', onPull);
    const run = await lab.newest();
    expect(run).toMatchObject({ headSha: 'a'.repeat(40) });
    await lab.live(run.id, { outcome: 'failed' });
    lab.clock.time += 1;
    expect(await lab.comment('/retry', onPull)).toMatchObject({ reason: 'command_retry' });
    expect(await lab.newest()).toMatchObject({ id: run.id, headSha: 'a'.repeat(40) });
    await lab.comment('go');
    expect(await lab.newest()).toMatchObject({ headSha: null });
  });

  test('a head of a pull request that GitHub does not know starts nothing', async () => {
    const lab = await open({ pullHead: async () => await Promise.reject(new Error('away')) });
    expect(await lab.comment('go', onPull)).toMatchObject({ reason: 'head_unknown', runId: null });
  });
});

test('the log says of an undecided delivery how many profiles were candidates, and the decision keeps why', async () => {
  const lab = await open({
    profiles: [labProfile({ trigger: { event: 'issue_comment', command: '/run' } })],
  });
  const { candidates } = await lab.comment('hello');
  expect(candidates).toHaveLength(1);
  const line = lab.logged.find((each) => each.includes('"decided"'));
  expect(JSON.parse(line ?? '')).toMatchObject({ reason: 'no_profile_matched', candidates: 1 });
  expect(readableLine(line ?? '')).not.toContain('{');
});

test('what deliveries report of a discussion, a lock too, is in the timeline of its runs', async () => {
  const lab = await open({ profiles: [labProfile({ trigger: { event: 'discussion', action: 'created' } })] });
  const { comment: _, issue, ...payload } = commentPayload() as { comment: object; issue: object };
  const discussion = { ...issue, node_id: 'D_1', comments: 0 };
  const { runId } = await lab.deliver({ ...payload, action: 'created', discussion }, 'discussion');
  for (const action of ['locked', 'unlocked', 'closed', 'reopened'])
    await lab.deliver({ ...payload, action, discussion }, 'discussion');
  const kinds = (await lab.runs.timeline(runId ?? '')).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind.startsWith('thread_'))).toEqual([
    ...['thread_locked', 'thread_unlocked', 'thread_closed', 'thread_reopened'],
  ]);
});

describe('a word that is nearly a command', () => {
  const trigger = { event: 'issue_comment', action: 'created', command: '/run' };
  const listening = labProfile({ trigger });

  test('a word that is nearly a command is answered once a thread and word, and starts nothing', async () => {
    const lab = await open({ profiles: [listening] });
    for (const text of ['/Run', '/Run the tests', '/run,'])
      expect(await lab.comment(text)).toMatchObject({
        reason: 'command_mistyped',
        profile: 'hello',
        runId: null,
      });
    await lab.post();
    expect(lab.api.comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('`/Run` is no command here; did you mean `/run`?'),
      expect.stringContaining('`/run,` is no command here; did you mean `/run`?'),
    ]);
    await lab.comment('/Run', { issue: { number: 8 } });
    await lab.post();
    expect(lab.api.comments).toHaveLength(3);
  });

  test('a word that is nearly a command gets no answer where refusals get none: outside users, bots, locked threads, the service itself', async () => {
    const lab = await open({
      profiles: [labProfile({ trigger, report: { reaction: true, comment: 'always' } })],
    });
    lab.api.permissions.set('stranger', { permission: 'read', role_name: 'read' });
    const inPublic = { login: 'stranger', association: 'NONE' };
    expect(await lab.comment('/Run', inPublic)).toMatchObject({ reason: 'command_mistyped' });
    expect(await lab.comment('/Run', bot)).toMatchObject({ reason: 'no_profile_matched' });
    await lab.comment('/Run', { issue: { number: 9, locked: true } });
    await lab.post();
    expect(lab.api.comments).toEqual([]);
    const reactions = lab.api.requests.filter(({ path }) => path.endsWith('/reactions'));
    expect(reactions.map(({ body }) => body)).toEqual([{ content: 'confused' }]);
  });

  test('a word may be nearly a command to runs, where there are some', async () => {
    const lab = await open();
    const named = await open({ profiles: [listening] });
    expect(await named.comment('/Cancel')).toMatchObject({ reason: 'no_profile_matched' });
    const { runId } = await named.comment('/run');
    expect(await named.comment('/Cancel')).toMatchObject({ reason: 'command_mistyped', profile: 'hello' });
    await named.post();
    expect(named.api.comments.map(({ body }) => body).join()).toContain('did you mean `/cancel`?');
    expect((await named.runs.find(runId ?? ''))?.cancelReason).toBeNull();
    await lab.comment('go');
    expect(await lab.comment('/can\u200bcel\u2060')).toMatchObject({ reason: 'command_cancel' });
  });
});

describe('commands in comments', () => {
  test('/cancel cancels what goes on in the thread, and nothing elsewhere', async () => {
    const lab = await open();
    const first = await lab.comment('go');
    const other = await lab.comment('go', { issue: { number: 8 } });
    expect(await lab.comment('/cancel\nplease')).toMatchObject({ reason: 'command_cancel', runId: null });
    expect((await lab.runs.find(first.runId ?? ''))?.cancelReason).toContain('octocat');
    expect((await lab.runs.find(other.runId ?? ''))?.cancelReason).toBeNull();
  });

  test('/cancel says that nothing is under way when the agent has ended and its result is being stored', async () => {
    const lab = await open();
    const { runId = '' } = await lab.comment('go');
    const advance = async (to: 'preparing' | 'reporting', patch: object): Promise<void> => {
      const run = await lab.runs.find(runId ?? '');
      if (run) expect(await lab.runs.advance(run, to, patch as never, to)).toBeTruthy();
    };
    await advance('preparing', {});
    await advance('reporting', { outcome: 'succeeded', reason: null });
    expect(await lab.comment('/cancel')).toMatchObject({ reason: 'command_nothing_to_do' });
    expect((await lab.runs.find(runId ?? ''))?.cancelReason).toBeNull();
  });

  test('/retry requeues the newest run once it has ended, once a delivery, and counts as a start', async () => {
    const lab = await open({ limits: { actor: { runs: 2 } } });
    const { runId } = await lab.comment('go');
    expect(await lab.comment('/retry')).toMatchObject({ reason: 'run_not_ended' });
    await lab.live(runId ?? '', { outcome: 'failed' });
    lab.clock.time += 1;
    expect(await lab.comment('/retry')).toMatchObject({ reason: 'command_retry' });
    expect(await lab.newest()).toMatchObject({ id: runId, state: 'queued' });
    const [again] = await lab.deliveries.list({ limit: 1 });
    await lab.live(runId ?? '', { outcome: 'failed' });
    expect(await lab.decideAgain(again?.id ?? '')).toMatchObject({ reason: 'command_retry' });
    expect(await lab.newest()).toMatchObject({ state: 'ended' });
    expect(await lab.comment('/retry')).toMatchObject({ reason: 'budget_actor_spent' });
  });

  test('a command can name a run of its thread, and none of another thread', async () => {
    const lab = await open();
    const first = await lab.comment('go');
    const second = await lab.comment('go');
    const other = await lab.comment('go', { issue: { number: 8 } });
    expect(await lab.comment(`/cancel ${other.runId}`)).toMatchObject({ reason: 'command_no_run' });
    expect(await lab.comment(`/cancel ${first.runId}`)).toMatchObject({ reason: 'command_cancel' });
    expect((await lab.runs.find(second.runId ?? ''))?.cancelReason).toBeNull();
  });

  test('commands take the permission that the run’s own profile takes', async () => {
    const lab = await open();
    await lab.comment('go');
    lab.api.permissions.set('reader', { permission: 'read', role_name: 'read' });
    const over = { login: 'reader' };
    for (const command of ['/cancel', '/retry', '/status'])
      expect(await lab.comment(command, over)).toMatchObject({
        reason: 'permission_too_low',
        profile: 'hello',
      });
    expect(await lab.comment('/cancel', bot)).toMatchObject({ reason: 'bot_not_allowed' });
    expect((await lab.newest()).cancelReason).toBeNull();
  });

  test('commands are answered when they name no run of a thread that has runs', async () => {
    const lab = await open({
      profiles: [labProfile({ report: { reaction: false, comment: 'on-failure' } })],
    });
    await lab.comment('go');
    expect(await lab.comment('/cancel please')).toMatchObject({ reason: 'command_no_run', profile: 'hello' });
    lab.api.permissions.set('reader', { permission: 'read', role_name: 'read' });
    const over = { login: 'reader', issue: { number: 7 } };
    expect(await lab.comment('/cancel please', over)).toMatchObject({ reason: 'permission_too_low' });
    await lab.post();
    expect(lab.api.comments[0]?.body).toContain('this thread has no run "please"');
    expect((await lab.newest()).cancelReason).toBeNull();
  });

  test('commands reach the runs that the sender may command, also when the newest is not one of them', async () => {
    const trigger = { event: 'issue_comment', action: 'created' };
    const mine = labProfile({ path: 'mine', trigger: { ...trigger, command: '/mine' } });
    const admins = labProfile({
      path: 'admins',
      trigger: { ...trigger, command: '/admin' },
      allow: { permission: 'admin', actors: [], bots: [] },
    });
    const lab = await open({ profiles: [mine, admins] });
    lab.api.permissions.set('boss', { permission: 'admin', role_name: 'admin' });
    const first = await lab.comment('/mine');
    lab.clock.time += 1;
    const second = await lab.comment('/admin', { login: 'boss' });
    expect(await lab.comment('/cancel')).toMatchObject({ reason: 'command_cancel', profile: 'mine' });
    expect((await lab.runs.find(first.runId ?? ''))?.cancelReason).toContain('octocat');
    expect((await lab.runs.find(second.runId ?? ''))?.cancelReason).toBeNull();
    expect(await lab.comment(`/cancel ${second.runId}`)).toMatchObject({ reason: 'permission_too_low' });
  });

  test('commands retry nothing for whom the profile has shut out since, or without the profile', async () => {
    const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
    onTestFinished(async () => await db.close());
    const named = (...actors: string[]) => labProfile({ allow: { actors, bots: [] } });
    const before = await openAdmissionLab(db, { profiles: [named('octocat')] });
    const { runId } = await before.comment('go');
    await before.live(runId ?? '', { outcome: 'failed' });
    const after = await openAdmissionLab(db, { profiles: [named('somebody')] });
    expect(await after.comment('/retry')).toMatchObject({ reason: 'actor_not_allowed' });
    const without = await openAdmissionLab(db, { profiles: [labProfile({ path: 'other' })] });
    expect(await without.comment('/retry')).toMatchObject({ reason: 'command_profile_gone' });
    expect(await without.comment('/status')).toMatchObject({ reason: 'command_status' });
    expect(await before.newest()).toMatchObject({ state: 'ended' });
    expect(await before.comment('/retry')).toMatchObject({ reason: 'command_retry' });
  });

  test.each(['/cancelled', '/Cancel', 'please /cancel', 'well\n/cancel', '> /cancel', '//cancel'])(
    '%j is none',
    async (text) => {
      const lab = await open();
      await lab.comment('go');
      expect(await lab.comment(text)).toMatchObject({ reason: 'run_queued' });
      expect((await lab.runs.list(5)).every(({ cancelReason }) => cancelReason === null)).toBe(true);
    },
  );

  test('commands are not read in edits, and not taken from a profile that names the word', async () => {
    const own = labProfile({
      path: 'own',
      trigger: { event: 'issue_comment', action: 'created', command: '/status' },
    });
    const lab = await open({ profiles: [labProfile(), own] });
    expect(await lab.comment('/status')).toMatchObject({ reason: 'run_queued', profile: 'own' });
    expect(await lab.comment('/cancel')).toMatchObject({ reason: 'command_cancel' });
  });

  test('commands on a thread without runs do nothing and are not answered', async () => {
    const lab = await open();
    expect(await lab.comment('/retry')).toMatchObject({ reason: 'command_no_run', runId: null });
    await lab.post();
    expect(lab.api.requests).toEqual([]);
  });

  test('commands work when no profile matches, and get a thumb when they were carried out', async () => {
    const quiet = labProfile({
      trigger: { event: 'issue_comment', command: '/go' },
      report: { reaction: true, comment: 'never' },
    });
    const lab = await open({ profiles: [quiet] });
    await lab.comment('/go');
    expect(await lab.comment('/cancel')).toMatchObject({ reason: 'command_cancel', profile: 'hello' });
    await lab.post();
    expect(lab.api.reactions.map(({ content }) => content).toSorted()).toEqual(['+1', 'eyes']);
  });
});

describe('a refusal', () => {
  const told = labProfile({ report: { reaction: true, comment: 'on-failure' } });
  const reader = { login: 'reader' };

  test('a refusal is reported once a thread and reason to those who belong to the repository', async () => {
    const lab = await open({ profiles: [told] });
    lab.api.permissions.set('reader', { permission: 'read', role_name: 'triage' });
    for (const number of [7, 7, 8]) await lab.comment('go', { ...reader, issue: { number } });
    await lab.post();
    expect(lab.api.comments.map(({ number }) => number).toSorted()).toEqual([7, 8]);
    expect(lab.api.comments[0]?.body).toContain('No run was started. reader has the permission triage');
    expect(lab.api.reactions.every(({ content }) => content === 'confused')).toBe(true);
    expect(lab.api.reactions).toHaveLength(3);
    const own = await lab.comment(lab.api.comments[0]?.body ?? '', reader);
    expect(own).toMatchObject({ reason: 'own_comment' });
  });

  test('a refusal gives outside users on a public repository a reaction and no comment', async () => {
    const lab = await open({ profiles: [told] });
    const stranger = { association: 'NONE', login: 'stranger' };
    await lab.comment('go', stranger);
    await lab.post();
    expect(lab.api.comments).toEqual([]);
    expect(lab.api.reactions).toMatchObject([{ content: 'confused' }]);
  });

  test('a refusal is not reported to bots, on locked threads, and where the profile never reports', async () => {
    const never = labProfile({ report: { reaction: false, comment: 'never' } });
    const lab = await open({ profiles: [told] });
    await lab.comment('go', bot);
    await lab.comment('go', { ...reader, issue: { locked: true } });
    await lab.post();
    const silent = await open({ profiles: [never] });
    await silent.comment('go', reader);
    await silent.post();
    expect([...lab.api.comments, ...lab.api.reactions, ...silent.api.comments]).toEqual([]);
  });

  test('a refusal shows nobody on GitHub what went wrong between the service and GitHub', async () => {
    const lab = await open({ profiles: [told] });
    lab.api.misbehaveAt(/permission$/, { status: 401, message: 'Bad credentials' });
    expect(await lab.comment('go')).toMatchObject({ reason: 'permission_unknown' });
    await lab.post();
    expect(lab.api.comments[0]?.body).toContain('GitHub gave no answer');
    expect(lab.api.comments[0]?.body).not.toContain('token');
  });
});

test('deciding a delivery twice starts one run', async () => {
  const lab = await open();
  const { runId } = await lab.comment('go');
  const [delivery] = await lab.deliveries.list({ limit: 1 });
  expect(await lab.decideAgain(delivery?.id ?? '')).toMatchObject({ runId });
  expect((await lab.runs.list(5)).map(({ id }) => id)).toEqual([runId]);
});

describe('an edit', () => {
  const edited = commentEvent({
    action: 'edited',
    attributes: { ...commentEvent().attributes, action: 'edited' },
  });
  const winner = (trigger: object): string | undefined =>
    matchEvent(createProfileSet(candidatesOf({ a: trigger })), edited).winner?.profile.path;

  test('an edit starts only profiles that name the action, in the trigger or in the filter', () => {
    expect(winner({ event: 'issue_comment' })).toBeUndefined();
    expect(winner({ event: 'issue_comment', command: '/fix' })).toBeUndefined();
    expect(winner({ event: 'issue_comment', action: ['created', 'edited'] })).toBe('a');
    expect(winner({ event: 'issue_comment', filter: 'event.action == "created" || true' })).toBe('a');
    const [result] = explainMatch(createProfileSet(candidatesOf({ a: { event: 'issue_comment' } })), edited);
    expect(result).toMatchObject({ matched: false, failed: { condition: 'action', actual: 'edited' } });
  });
});

describe('what an App signs', () => {
  const APP = 'Iv1.aaaaaaaaaaaaaaaa@api.github.com';
  const of = (repository: string, id: number, text = 'go') => {
    const payload = commentPayload(text, { repository });
    return { ...payload, repository: { ...(payload.repository as object), id } };
  };

  test('an event that an App signs is trusted where the App is installed, and not for a repository whose id it borrows', async () => {
    const lab = await open({ installedOn: ['octo/hello'] });
    lab.api.repositories.add('victim/site');
    const victims = await lab.deliver(of('victim/site', 1));
    expect(victims.reason).toBe('run_queued');
    const sign = async (payload: object) => (await lab.deliver(payload, 'issue_comment', APP)).reason;
    expect(await sign(of('octo/hello', 2))).toBe('run_queued');
    expect(await sign(of('victim/site', 1))).toBe('signer_not_installed');
    expect(await sign(of('octo/hello', 1, '/cancel'))).toBe('signer_not_installed');
    expect((await lab.runs.find(victims.runId ?? ''))?.cancelReason).toBeNull();
  });

  test('an event that an App signs is still trusted after the repository was renamed', async () => {
    const lab = await open({ installedOn: ['octo/hello', 'octo/before'] });
    lab.api.repositories.add('octo/before');
    await lab.deliver(of('octo/before', 5), 'issue_comment', APP);
    expect(await lab.deliver(of('octo/hello', 5), 'issue_comment', APP)).toMatchObject({
      reason: 'run_queued',
    });
  });
});

describe('who reads a public repository as everybody does', () => {
  test('who reads a public repository as everybody does starts nothing where read is required, unless GitHub names the account as a collaborator', async () => {
    const lab = await open({
      profiles: [labProfile({ allow: { permission: 'read', actors: [], bots: [] } })],
    });
    lab.api.permissions.set('reader', { permission: 'read', role_name: 'read' });
    const ask = async () => await lab.comment('go', { login: 'reader' });
    expect(await ask()).toMatchObject({ reason: 'permission_too_low', runId: null });
    lab.api.collaborators.add('reader');
    expect(await ask()).toMatchObject({ reason: 'run_queued' });
    const asked = lab.api.requests.map(({ path }) => path);
    expect(asked).toContain('/repos/octo/hello/collaborators/reader');
  });
});
