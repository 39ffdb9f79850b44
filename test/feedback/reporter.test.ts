import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commentMark } from '../../src/feedback/marks.ts';
import type { Run } from '../../src/runs/run.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { resultOf, START } from '../support/databases/queue.ts';
import { type AdmissionLab, labProfile, openAdmissionLab } from '../support/service/admission.ts';
import { commentPayload } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const SHA = 'a'.repeat(40);

async function open(options?: Parameters<typeof openAdmissionLab>[1]): Promise<AdmissionLab> {
  const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  onTestFinished(async () => await db.close());
  return await openAdmissionLab(db, options);
}

/** A lab with one run that was just accepted. */
async function withRun(
  options?: Parameters<typeof openAdmissionLab>[1],
): Promise<{ lab: AdmissionLab; id: string }> {
  const lab = await open(options);
  const { runId } = await lab.comment('go');
  return { lab, id: runId ?? '' };
}

const bodies = (lab: AdmissionLab): string[] => lab.api.comments.map(({ body }) => body);
const writes = (lab: AdmissionLab): string[] =>
  lab.api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('the comment about a run', () => {
  test('the comment about a run is one from the beginning to the end, updated only when its text changes', async () => {
    const { lab, id } = await withRun();
    await lab.post();
    expect(bodies(lab)).toEqual([expect.stringContaining('The run waits for its turn.')]);
    lab.clock.time += 20_000;
    await lab.post();
    expect(writes(lab)).toHaveLength(1);
    const run = await lab.live(id, {
      outcome: 'succeeded',
      finalMessage: 'All done, @octocat: s3cret-value.',
    });
    await lab.reporter.report(run.id);
    const [body = ''] = bodies(lab);
    expect(lab.api.comments).toHaveLength(1);
    expect(body).toContain('**The run succeeded.** (after 1 min)');
    expect(body).toContain('[masked]');
    expect(body).not.toMatch(/@octocat|s3cret/);
    expect(body).toContain(`(https://flows.example/runs/${id})`);
    lab.clock.time += 3_600_000;
    await lab.post();
    expect(writes(lab)).toHaveLength(2);
  });

  test('the comment about a run has its end once, however long it is reported', async () => {
    const { lab, id } = await withRun();
    await lab.post();
    const start = { ...START, startedAt: lab.clock.now() };
    await lab.runs.advance(await lab.newest(), 'preparing', {}, 'preparing');
    await lab.runs.advance(await lab.newest(), 'running', start, 'running');
    lab.clock.time += 5_000;
    await lab.runs.advance(await lab.newest(), 'reporting', resultOf('succeeded'), 'done');
    for (let time = 0; time < 3; time += 1) {
      await lab.reports.reopen(id);
      await lab.reporter.report(id);
      lab.clock.time += 7_000;
    }
    await lab.runs.advance(await lab.newest(), 'ended', { endedAt: lab.clock.now() }, 'ended');
    await lab.reports.reopen(id);
    await lab.reporter.report(id);
    expect(bodies(lab)[0]).toContain('**The run succeeded.** (after 5 sec)');
    expect(writes(lab)).toHaveLength(2);
  });

  test('the comment about a run is searched for before it is created again, and an outside user’s with the same mark is left alone', async () => {
    const { lab, id } = await withRun();
    const [due] = await lab.reports.due(1);
    await lab.reports.take(due?.id ?? '', 60_000);
    const mark = commentMark(id);
    lab.api.comments.push({ id: 1, number: 7, body: `${mark}\nThe first words.`, author: 'the-robot' });
    lab.api.comments.push({ id: 2, number: 7, body: `${mark}\nMine!`, author: 'mallory' });
    lab.api.comments.push({ id: 3, number: 7, body: `> ${mark}`, author: 'the-robot' });
    await lab.post();
    expect(writes(lab)).toEqual([]);
    lab.clock.time += 61_000;
    await lab.post();
    expect(bodies(lab)[0]).toContain('waits for its turn');
    expect(bodies(lab)[1]).toContain('Mine!');
    expect(lab.api.comments).toHaveLength(3);
  });

  test('the comment about a run is posted once by two processes at the same moment', async () => {
    const { lab } = await withRun();
    const second = lab.secondReporter();
    await Promise.all([lab.reporter.postDue(), second.postDue()]);
    expect(lab.api.comments).toHaveLength(1);
  });

  test('the comment about a run is updated more rarely when many runs are active', async () => {
    const lab = await open();
    for (let number = 1; number <= 8; number += 1) await lab.comment('go', { issue: { number } });
    for (const run of await lab.runs.list(10)) await lab.runs.advance(run, 'preparing', {}, 'preparing');
    await lab.post();
    await expect.poll(() => lab.api.comments.length, { timeout: 10_000 }).toBe(8);
    await lab.reporter.stop();
    lab.clock.time += 11_000;
    expect(await lab.reports.due(10)).toEqual([]);
    lab.clock.time += 1_000;
    expect(await lab.reports.due(10)).toHaveLength(8);
  });

  test('the comment about a run stays away when somebody removed it, until the run has ended', async () => {
    const { lab, id } = await withRun();
    await lab.post();
    lab.api.comments.length = 0;
    await lab.runs.note(id, { kind: 'agent.command', text: 'npm test' });
    await lab.runs.advance(await lab.newest(), 'preparing', {}, 'preparing');
    lab.clock.time += 20_000;
    await lab.post();
    expect(lab.api.comments).toEqual([]);
    await lab.runs.advance(await lab.newest(), 'reporting', resultOf('failed'), 'reporting');
    await lab.reporter.report(id);
    expect(bodies(lab)).toEqual([expect.stringContaining('The run failed.')]);
  });

  test('the comment about a run is given up with its reason where the discussion was deleted', async () => {
    const { lab, id } = await withRun();
    const place = { owner: 'octo', repository: 'hello', subject: 'issue', subjectId: 7, number: 7 } as const;
    const target = { ...place, discussion: { id: 'D_deleted', subject: 'D_deleted' } };
    await lab.reports.add({
      ...{ key: 'status:deleted', kind: 'status', runId: id, profile: null, content: {} },
      target,
    });
    const isWaiting = async (): Promise<boolean> =>
      (await lab.reports.due(10)).some(({ key }) => key === 'status:deleted');
    for (const wait of [0, 16_000, 31_000]) {
      lab.clock.time += wait;
      expect(await isWaiting()).toBe(true);
      await lab.post();
    }
    lab.clock.time += 24 * 3_600_000;
    expect(await isWaiting()).toBe(false);
    const last = (await lab.runs.timeline(id)).findLast(({ kind }) => kind === 'report');
    expect(last).toMatchObject({ data: { code: 'github_not_found', final: true, attempts: 3 } });
  });

  test('the comment about a run is given up at once where GitHub answers that the issue is gone for good', async () => {
    const { lab, id } = await withRun();
    lab.api.misbehaveAt(/comments$/, { status: 410, message: 'This issue was deleted' }, 99);
    await lab.post();
    const asked = lab.api.requests.length;
    lab.clock.time += 24 * 3_600_000;
    await lab.post();
    expect(lab.api.requests).toHaveLength(asked);
    const failed = (await lab.runs.timeline(id)).filter(({ kind }) => kind === 'report');
    expect(failed).toMatchObject([{ data: { final: true, attempts: 1 } }]);
  });

  test('the comment about a run is still the same one after a limit that GitHub named in its text alone', async () => {
    const { lab, id } = await withRun();
    await lab.post();
    const message = 'You have exceeded a secondary rate limit and have been temporarily blocked.';
    lab.api.misbehaveAt(/comments\/\d+$/, { status: 403, message }, 1);
    await lab.live(id, { outcome: 'failed' });
    await lab.reporter.report(id);
    lab.clock.time += 61_000;
    await lab.post();
    expect(bodies(lab)).toEqual([expect.stringContaining('The run failed.')]);
  });

  test('the comment about a run is updated again when the run is retried', async () => {
    const { lab, id } = await withRun();
    await lab.live(id, { outcome: 'failed' });
    await lab.reporter.report(id);
    await lab.comment('/retry');
    await lab.post();
    expect(bodies(lab)).toEqual([expect.stringContaining('waits for its turn')]);
  });

  test('the comment about a run is requested with /status, also where the profile reports nothing by itself', async () => {
    const quiet = labProfile({ report: { reaction: false, comment: 'never' } });
    const { lab, id } = await withRun({ profiles: [quiet] });
    await lab.post();
    expect(lab.api.comments).toEqual([]);
    await lab.comment(`/status ${id}`);
    await lab.post();
    expect(bodies(lab)).toEqual([expect.stringContaining(`run \`${id}\``)]);
  });
});

describe('what GitHub does not take', () => {
  test.each([
    [{ status: 403, message: 'This issue is locked' }, 'github_refused', 15],
    [{ status: 404 }, 'github_not_found', 15],
    [{ status: 409 }, 'github_invalid', 15],
    [{ status: 422 }, 'github_invalid', 15],
    [{ status: 429, headers: { 'retry-after': '600' } }, 'github_rate_limited', 600],
    [{ status: 403, message: 'You have exceeded a secondary rate limit.' }, 'github_rate_limited', 60],
    [
      {
        status: 403,
        headers: { 'retry-after': '90', 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '4102444800' },
      },
      'github_rate_limited',
      90,
    ],
    [{ status: 500 }, 'github_unreachable', 15],
    ['cut', 'github_unreachable', 15],
  ] as const)(
    '%j is noted, retried after its time, and changes nothing of the run',
    async (how, code, sec) => {
      const { lab, id } = await withRun();
      const before = await lab.runs.find(id);
      lab.api.misbehaveAt(/comments$/, how, 1);
      await lab.post();
      expect((await lab.runs.timeline(id)).at(-1)).toMatchObject({
        kind: 'report',
        data: { code, final: false },
      });
      lab.clock.time += (sec - 1) * 1000;
      await lab.post();
      expect(lab.api.comments).toEqual([]);
      lab.clock.time += 2_000;
      await lab.post();
      expect(lab.api.comments).toHaveLength(1);
      expect(await lab.runs.find(id)).toEqual(before);
    },
  );

  test('a rate limit of GitHub pauses all reports of that owner', async () => {
    const { lab, id } = await withRun();
    const { runId: second = '' } = await lab.comment('go', { issue: { number: 8 } });
    lab.api.misbehaveAt(/comments$/, { status: 403, headers: { 'retry-after': '600' } }, 1);
    await lab.reporter.report(id);
    const asked = lab.api.requests.length;
    await lab.reporter.report(second ?? '');
    await lab.post();
    expect(lab.api.requests).toHaveLength(asked);
    lab.clock.time += 601_000;
    await lab.post();
    expect(lab.api.comments).toHaveLength(2);
  });

  test('a slow repository delays no report of another', async () => {
    const lab = await open();
    lab.api.repositories.add('octo/slow');
    for (let number = 1; number <= 6; number += 1)
      await lab.comment('go', { repository: 'octo/slow', issue: { number } });
    lab.api.misbehaveAt(/slow.*comments$/, 'silence', 6);
    void lab.post();
    await expect
      .poll(() => lab.api.requests.filter(({ path }) => path.includes('slow')).length)
      .toBeGreaterThan(4);
    await lab.comment('go', { issue: { number: 9 } });
    await lab.post();
    expect(lab.api.comments.map(({ number }) => number)).toEqual([9]);
  });

  test('a report that GitHub does not take is given up after a day', async () => {
    const { lab, id } = await withRun();
    lab.api.misbehaveAt(/comments$/, { status: 403 }, 12);
    for (let attempt = 0; attempt < 14; attempt += 1) {
      await lab.post();
      lab.clock.time += 3 * 3_600_000;
    }
    const failed = (await lab.runs.timeline(id)).filter(({ kind }) => kind === 'report');
    expect(failed).toHaveLength(12);
    expect(failed.at(-1)?.data).toMatchObject({ final: true });
    expect(lab.api.comments).toEqual([]);
  });
});

describe('a check', () => {
  const checked = labProfile({ report: { reaction: false, comment: 'never', check: true } });

  async function onPull(lab: AdmissionLab, headSha?: string): Promise<Run> {
    const payload = commentPayload('go') as { issue: object };
    const head = { sha: headSha, ref: 'topic', repo: { id: 424242 } };
    const more = headSha ? { pull_request: { number: 7, head, base: { sha: SHA, ref: 'main' } } } : {};
    await lab.deliver({ ...payload, issue: { ...payload.issue, pull_request: { url: 'x' } }, ...more });
    return await lab.newest();
  }

  test('a check stands on the commit that the event names, and ends with the run', async () => {
    const lab = await open({ profiles: [checked] });
    const run = await onPull(lab, 'b'.repeat(40));
    await lab.post();
    expect(lab.api.talk.checks).toMatchObject([
      { head_sha: 'b'.repeat(40), name: 'github-flows: hello', status: 'queued', external_id: run.id },
    ]);
    await lab.live(run.id, { outcome: 'failed' });
    await lab.reporter.report(run.id);
    expect(lab.api.talk.checks).toMatchObject([
      { status: 'completed', conclusion: 'failure', details_url: `https://flows.example/runs/${run.id}` },
    ]);
    expect(lab.api.comments).toEqual([]);
  });

  test('a check stands on the commit that was checked out when the event names none, and waits for that', async () => {
    const lab = await open({ profiles: [checked] });
    const run = await onPull(lab);
    await lab.post();
    expect(lab.api.talk.checks).toEqual([]);
    await lab.runs.note(run.id, { kind: 'checkout', text: 'Checked out.', data: { commit: SHA } });
    lab.clock.time += 5_000;
    await lab.post();
    expect(lab.api.talk.checks).toMatchObject([{ head_sha: SHA }]);
  });

  test('a check that was created before a crash is found again and not doubled', async () => {
    const lab = await open({ profiles: [checked] });
    const run = await onPull(lab, SHA);
    const [due] = await lab.reports.due(1);
    await lab.reports.take(due?.id ?? '', 1_000);
    lab.api.talk.checks.push({
      id: 1,
      name: 'github-flows: hello',
      head_sha: SHA,
      external_id: run.id,
      status: 'queued',
      conclusion: null,
      output: { title: '', summary: '' },
    });
    lab.clock.time += 2_000;
    await lab.post();
    expect(lab.api.talk.checks).toMatchObject([{ id: 1, output: { title: 'The run waits for its turn.' } }]);
  });

  test('a check is given up at once where no App serves, and that is noted once', async () => {
    const lab = await open({ profiles: [checked] });
    const run = await onPull(lab, SHA);
    const message = 'You must authenticate via a GitHub App.';
    lab.api.misbehaveAt(/check-runs$/, { status: 403, message }, 9);
    await lab.post();
    lab.clock.time += 3_600_000;
    await lab.post();
    const notes = (await lab.runs.timeline(run.id)).filter(({ kind }) => kind === 'report');
    expect(notes).toMatchObject([{ data: { code: 'github_refused', final: true } }]);
    expect(notes[0]?.text).toContain(message);
  });
});
