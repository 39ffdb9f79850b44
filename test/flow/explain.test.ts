import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEvent } from '../../src/events/from-delivery.ts';
import { type DryRun, type Explanation, explain } from '../../src/flow/dry-run/explain.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { type AdmissionLab, labProfile, openAdmissionLab } from '../support/service/admission.ts';
import { commentPayload } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Over = Parameters<typeof commentPayload>[1];

async function open(options?: Parameters<typeof openAdmissionLab>[1]): Promise<AdmissionLab> {
  const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  onTestFinished(async () => await db.close());
  return await openAdmissionLab(db, options);
}

/** What is foretold of a comment, before admission decides on the same. */
async function explained(
  lab: AdmissionLab,
  text: string,
  over: Over = {},
): Promise<Explanation['decision'] & { verdict: string }> {
  const body = JSON.stringify(commentPayload(text, over));
  const event = readEvent({ deliveryId: 'explained', event: 'issue_comment', body });
  const unplanned = async () => await Promise.reject(new Error('no plan here'));
  const dryRun: DryRun = {
    ...{
      plan: unplanned,
      prompt: unplanned,
      hosts: () => [],
      missing: async () => [],
      appsFor: async () => [],
    },
    admission: lab.admission,
  };
  const { decision, verdict } = await explain(event, lab.profiles, dryRun);
  return { ...decision, verdict: verdict.text };
}

const team = labProfile({ allow: { actors: [], bots: [], teams: ['octo/core'] } });

test.each<[string, Parameters<typeof openAdmissionLab>[1], Over, string[]]>([
  ['whom the profile lets', {}, {}, ['run_queued']],
  ['too low a permission', {}, { login: 'reader' }, ['permission_too_low']],
  ['somebody outside the teams', { profiles: [team] }, {}, ['team_not_allowed']],
  ['the account that the service works with', {}, { login: 'the-robot' }, ['own_account']],
  ['a budget', { limits: { actor: { runs: 1 } } }, {}, ['run_queued', 'budget_actor_spent']],
])('what explain gives for %s is what is decided then', async (_what, options, over, expected) => {
  const lab = await open(options);
  lab.api.permissions.set('reader', { permission: 'read', role_name: 'read' });
  for (const reason of expected) {
    expect(await explained(lab, 'go', over)).toMatchObject({ reason, run: reason === 'run_queued' });
    expect(await lab.runs.list(5)).toHaveLength(reason === 'run_queued' ? 0 : expected.length - 1);
    expect(await lab.comment('go', over)).toMatchObject({ reason });
  }
});

test('explain gives for a command what is decided then, and does nothing of it', async () => {
  const lab = await open();
  const same = async (text: string, reason: string, over: Over = {}): Promise<void> => {
    const isDone = reason === `command_${text.slice(1)}`;
    const verdict = expect.stringMatching(isDone ? `^would carry out ${text}$` : '^would be refused: ');
    expect(await explained(lab, text, over)).toMatchObject({ reason, run: false, profile: null, verdict });
    expect((await lab.runs.list(1))[0]?.cancelReason ?? null).toBeNull();
    expect(await lab.comment(text, over)).toMatchObject({ reason });
  };
  await same('/retry', 'command_no_run');
  await lab.comment('go');
  await same('/retry', 'run_not_ended');
  await same('/status', 'command_status');
  await same('/cancel', 'permission_too_low', { login: 'stranger' });
  await same('/cancel', 'command_cancel');
});

test('without asking, a command is known as one', async () => {
  const lab = await open();
  const event = readEvent({
    deliveryId: 'explained',
    event: 'issue_comment',
    body: JSON.stringify(commentPayload('/cancel')),
  });
  const unplanned = async () => await Promise.reject(new Error('no plan here'));
  const { decision, verdict } = await explain(event, lab.profiles, {
    plan: unplanned,
    prompt: unplanned,
    hosts: () => [],
    missing: async () => [],
    appsFor: async () => [],
    admission: undefined,
  });
  expect(decision).toMatchObject({ run: false, reason: 'command_cancel', permission: 'not asked' });
  expect(verdict).toMatchObject({
    kind: 'would_run_if',
    text: expect.stringContaining('would carry out /cancel if'),
  });
  expect(lab.api.requests).toEqual([]);
});

test('explain knows a comment of the service itself', async () => {
  const lab = await open();
  await lab.comment('go');
  await lab.live((await lab.newest()).id, { outcome: 'succeeded' });
  await lab.post();
  const body = lab.api.comments[0]?.body ?? '';
  expect(await explained(lab, body)).toMatchObject({ reason: 'own_comment', run: false });
  expect(await lab.comment(body)).toMatchObject({ reason: 'own_comment' });
});

test('explain gives for a word that is nearly a command what is decided then', async () => {
  const trigger = { event: 'issue_comment', action: 'created', command: '/fix' };
  const lab = await open({ profiles: [labProfile({ trigger })] });
  const said = { reason: 'command_mistyped', message: expect.stringContaining('did you mean `/fix`?') };
  expect(await explained(lab, '/Fix,')).toMatchObject({ ...said, run: false });
  expect(await lab.comment('/Fix,')).toMatchObject({ ...said, runId: null });
});
