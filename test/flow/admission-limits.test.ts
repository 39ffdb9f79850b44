import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { labProfile, openAdmissionLab } from '../support/service/admission.ts';
import { commentPayload } from '../support/service/service.ts';

const bot = { login: 'helper[bot]', type: 'Bot' };
const byBots = labProfile({ allow: { actors: [], bots: ['helper[bot]'] } });
const byAny = labProfile({ allow: { permission: 'any', actors: [], bots: [] } });

const QUEUED = ['run_queued', 'run_queued'];

/** A push to a branch of octo/hello, each of a commit of its own. */
function pushPayload(sender: { login: string; type: string }, branch: string): Record<string, unknown> {
  const { repository } = commentPayload();
  const after = Math.random().toString(16).slice(2).padEnd(40, '0');
  return { ref: `refs/heads/${branch}`, after, repository, sender: { ...sender, id: 4 } };
}

eachDatabase((_kind, databases) => {
  const open = async (options?: Parameters<typeof openAdmissionLab>[1]) =>
    await openAdmissionLab((await databases.open()).db, options);

  describe('the loop breaker', () => {
    test('the loop breaker stops bots on one thread within the window, and nobody else', async () => {
      const lab = await open({ profiles: [byBots], limits: { loop: { runs: 2, minutes: 60 } } });
      const ask = async (over = {}): Promise<string> => (await lab.comment('go', { ...bot, ...over })).reason;
      expect([await ask(), await ask(), await ask()]).toEqual(['run_queued', 'run_queued', 'loop_stopped']);
      expect(await ask({ issue: { number: 8 } })).toBe('run_queued');
      lab.clock.time += 61 * 60_000;
      expect(await ask()).toBe('run_queued');
    });

    test('the loop breaker stops bots without a thread: each profile for each branch, and what names neither for the repository', async () => {
      const byPush = { ...byBots, trigger: { event: 'push' } };
      const byLabel = { ...byBots, path: 'labels', trigger: { event: 'label' } };
      const lab = await open({ profiles: [byPush, byLabel], limits: { loop: { runs: 2, minutes: 60 } } });
      const push = async (branch: string): Promise<string> =>
        (await lab.deliver(pushPayload(bot, branch), 'push')).reason;
      expect([await push('a'), await push('a'), await push('a')]).toEqual([...QUEUED, 'loop_stopped']);
      expect(await push('b')).toBe('run_queued');
      const label = async (): Promise<string> => {
        const { ref: _ref, after: _after, ...rest } = pushPayload(bot, 'a');
        return (
          await lab.deliver({ ...rest, action: 'created', label: { name: crypto.randomUUID() } }, 'label')
        ).reason;
      };
      expect([await label(), await label(), await label()]).toEqual([...QUEUED, 'loop_stopped']);
      lab.clock.time += 61 * 60_000;
      expect(await push('a')).toBe('run_queued');
    });

    test('the loop breaker counts the service’s own account without a thread, whatever branches its runs push', async () => {
      const named = labProfile({
        trigger: { event: 'push' },
        allow: { actors: ['the-robot'], bots: [], permission: 'write' },
      });
      const lab = await open({ profiles: [named], limits: { loop: { runs: 2, minutes: 60 } } });
      const robot = { login: 'the-robot', type: 'User' };
      // Whose account the token is, is learnt when somebody else asks first.
      await lab.deliver(pushPayload({ login: 'octocat', type: 'User' }, 'main'), 'push');
      const push = async (branch: string) => await lab.deliver(pushPayload(robot, branch), 'push');
      expect([(await push('a')).reason, (await push('b')).reason]).toEqual(QUEUED);
      const stopped = await push('c');
      expect(stopped).toMatchObject({ reason: 'loop_stopped', runId: null });
      expect(stopped.message).toContain('2 runs of this profile for what its runs pushed within 60 minutes');
    });

    test('the loop breaker counts what runs have pushed, whoever’s token the agent used: by commit, by branch and by committer', async () => {
      const byAnyone = labProfile({ trigger: { event: 'push' } });
      const lab = await open({ profiles: [byAnyone], limits: { loop: { runs: 1, minutes: 60 } } });
      const person = { login: 'octocat', type: 'User' };
      const push = async (branch: string, more: object = {}) =>
        await lab.deliver({ ...pushPayload(person, branch), ...more }, 'push');
      const committed = (email: string) => ({ head_commit: { committer: { email } } });
      const { runId } = await push('main');
      expect((await push('main')).reason).toBe('run_queued');
      const own = await push(`github-flows/${runId}`);
      expect(own.reason).toBe('run_queued');
      expect((await push(`github-flows/${own.runId}`)).reason).toBe('loop_stopped');
      expect((await push('x', committed('github-flows@noreply.invalid'))).reason).toBe('loop_stopped');
      expect((await push('x', committed('77+octocat@users.noreply.github.com'))).reason).toBe('run_queued');
      await lab.pushed({ repositoryId: 424242, branch: 'fixes/1', commit: 'c'.repeat(40) });
      expect((await push('fixes/1', { after: 'c'.repeat(40) })).reason).toBe('loop_stopped');
      expect((await push('fixes/1')).reason).toBe('run_queued');
    });

    test('the loop breaker never counts people', async () => {
      const lab = await open({ limits: { loop: { runs: 1, minutes: 60 } } });
      for (let count = 0; count < 4; count += 1)
        expect(await lab.comment('go')).toMatchObject({ reason: 'run_queued' });
    });

    test('the loop breaker counts the account that the service works with, where a profile names it', async () => {
      const named = labProfile({ allow: { actors: ['the-robot'], bots: [], permission: 'write' } });
      const lab = await open({ profiles: [named], limits: { loop: { runs: 1, minutes: 60 } } });
      await lab.comment('hello');
      const over = { login: 'the-robot' };
      expect(await lab.comment('go', over)).toMatchObject({ reason: 'run_queued' });
      expect(await lab.comment('go', over)).toMatchObject({ reason: 'loop_stopped' });
    });
  });

  describe('budgets of profiles that everybody may start', () => {
    const open5 = { actor: { runs: 1 }, repository: { runs: 2 }, profile: { runs: 3 } };

    test('budgets of profiles that everybody may start have defaults for each person, repository and profile', async () => {
      const lab = await open({ profiles: [byAny], limits: { open: open5 } });
      const ask = async (login: string): Promise<string> => (await lab.comment('go', { login })).reason;
      expect(await ask('alice')).toBe('run_queued');
      expect(await ask('alice')).toBe('budget_actor_spent');
      expect(await ask('bob')).toBe('run_queued');
      expect(await ask('carol')).toBe('budget_repository_spent');
      lab.clock.time += 12 * 3_600_000;
      expect(await ask('alice')).toBe('run_queued');
    });

    test('default budgets give way to the configuration, and for repository and profile to a budget of the profile’s own', async () => {
      const lab = await open({
        profiles: [{ ...byAny, budget: { runs: 4 } }],
        limits: { open: open5, actor: { runs: 3 } },
      });
      const ask = async (login: string): Promise<string> => (await lab.comment('go', { login })).reason;
      const reasons = [];
      for (let count = 0; count < 4; count += 1) reasons.push(await ask('alice'));
      expect(reasons).toEqual([...QUEUED, 'run_queued', 'budget_actor_spent']);
      expect(await ask('bob')).toBe('run_queued');
      expect(await ask('bob')).toBe('budget_profile_spent');
    });

    test('default budgets do not count whom the profile names, nor profiles that require a permission', async () => {
      const named = labProfile({ allow: { permission: 'any', actors: ['Octocat'], bots: [] } });
      for (const profiles of [[named], [labProfile()]]) {
        const lab = await open({ profiles, limits: { open: open5 } });
        for (let count = 0; count < 4; count += 1)
          expect(await lab.comment('go')).toMatchObject({ reason: 'run_queued' });
      }
    });
  });

  describe('budgets', () => {
    test('the budget of an actor follows the account when its login is changed, and not the login', async () => {
      const lab = await open({ profiles: [byAny], limits: { actor: { runs: 1 } } });
      const ask = async (login: string, userId: number): Promise<string> =>
        (await lab.comment('go', { login, userId })).reason;
      expect(await ask('alice', 5)).toBe('run_queued');
      expect((await lab.newest()).actorId).toBe(5);
      expect(await ask('alice-renamed', 5)).toBe('budget_actor_spent');
      expect(await ask('alice', 6)).toBe('run_queued');
    });

    test.each([
      ['actor', 'budget_actor_spent', { login: 'octocat' }],
      ['repository', 'budget_repository_spent', { login: 'somebody' }],
      ['profile', 'budget_profile_spent', { login: 'somebody' }],
    ] as const)('of one run a day for each %s', async (scope, code, second) => {
      const lab = await open({ profiles: [byAny], limits: { [scope]: { runs: 1 } } });
      expect(await lab.comment('go')).toMatchObject({ reason: 'run_queued' });
      expect(await lab.comment('go', second)).toMatchObject({ reason: code, runId: null });
      lab.clock.time += 12 * 3_600_000;
      expect(await lab.comment('go', second)).toMatchObject({ reason: 'run_queued' });
    });

    test('a profile’s own budget goes before that of the configuration', async () => {
      const lab = await open({
        profiles: [{ ...byAny, budget: { runs: 2 } }],
        limits: { profile: { runs: 1 } },
      });
      const reasons = [];
      for (let count = 0; count < 3; count += 1) reasons.push((await lab.comment('go')).reason);
      expect(reasons).toEqual(['run_queued', 'run_queued', 'budget_profile_spent']);
    });

    test('budgets in minutes are reserved until a run ends, and settled then', async () => {
      const lab = await open({ profiles: [byAny], limits: { actor: { minutes: 40 } } });
      const { runId } = await lab.comment('go');
      const denied = await lab.comment('go');
      expect(denied).toMatchObject({ reason: 'budget_actor_spent' });
      expect(denied.message).toContain('may take 30 minutes, and 10 of 40 are left');
      await lab.live(runId ?? '', { outcome: 'succeeded', ms: 8 * 60_000 });
      expect(await lab.comment('go')).toMatchObject({ reason: 'run_queued' });
      expect(await lab.comment('go')).toMatchObject({ reason: 'budget_actor_spent' });
    });

    test('budgets in minutes count all attempts of a run, whoever wanted them', async () => {
      const lab = await open({ profiles: [byAny], limits: { actor: { minutes: 100 } } });
      const { runId = '' } = await lab.comment('go');
      const attempt = async (ms: number) => await lab.live(runId ?? '', { outcome: 'failed', ms });
      const again = async (run: Run) => await lab.runs.advance(run, 'queued', { retries: 0 }, 'again');
      await again(await attempt(20 * 60_000));
      await again(await attempt(20 * 60_000));
      await attempt(20 * 60_000);
      expect(await lab.comment('/retry')).toMatchObject({ reason: 'command_retry' });
      await attempt(5 * 60_000);
      await again(await lab.newest());
      await attempt(5 * 60_000);
      expect((await lab.comment('go')).runId).not.toBeNull();
      const { message } = await lab.comment('go');
      expect(message).toContain('may take 30 minutes, and 0 of 100 are left');
    });

    test('budgets are kept by deliveries that come at the same moment', async () => {
      const lab = await open({ profiles: [byAny], limits: { repository: { runs: 3 } } });
      const decisions = await Promise.all(Array.from({ length: 12 }, async () => await lab.comment('go')));
      expect(decisions.filter(({ runId }) => runId !== null)).toHaveLength(3);
    });
  });
});
