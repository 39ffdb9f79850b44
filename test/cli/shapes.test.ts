import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/deliveries/delivery.ts';
import { runCommand } from '../support/service/cli.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let service: TestService;
let delivery: Delivery;
let ping: string;

beforeAll(async () => {
  service = await startService({
    profiles: {
      'profile.json': { description: 'What all share.', execution: { runtime: { timeoutSec: 60 } } },
      'hello/profile.json': shellProfile('true'),
    },
    env: (dir) => ({ DOCKER_HOST: `unix://${dir}/no-engine.sock` }),
  });
  delivery = await service.comment();
  ping = (await service.deliver({ zen: 'Anything added dilutes everything else.' }, { event: 'ping' })).id;
  await until('the ping was decided', async () => {
    return (await service.app.deliveries.find(ping))?.decision ?? undefined;
  });
});
afterAll(async () => await service.close());

const settings = (): Record<string, string> => ({
  PROFILES_DIR: './profiles',
  VAR_DIR: './var',
  SECRETS_DIR: './secrets',
});

async function json(...argv: string[]): Promise<{ code: number; value: never }> {
  const { code, out, err } = await runCommand(service.dir, settings(), ...argv, '--json');
  expect(err).toBe('');
  return { code, value: JSON.parse(out) as never };
}

const runRow = (state: string): object => ({
  id: delivery.decision?.runId,
  deliveryId: delivery.id,
  repository: 'octo/hello',
  profile: 'hello',
  state,
  outcome: null,
  reason: null,
  attempts: 0,
  queuedAt: TIME,
  startedAt: null,
  endedAt: null,
});

describe('with --json, in the documented shape', () => {
  test('with --json, in the documented shape runs list gives one array, newest first, and takes --limit', async () => {
    expect(await json('runs', 'list')).toEqual({ code: 0, value: [runRow('queued')] });
    expect((await json('runs', 'list', '--limit', '1')).value).toHaveLength(1);
  });

  test('deliveries list gives one array with what became of each', async () => {
    const shared = { repository: null, receivedAt: TIME };
    expect(await json('deliveries', 'list')).toEqual({
      code: 0,
      value: [
        { ...shared, id: ping, event: 'ping', action: null, decision: 'no_run', reason: 'ping', runId: null },
        {
          ...shared,
          id: delivery.id,
          event: 'issue_comment',
          action: 'created',
          repository: 'octo/hello',
          decision: 'run',
          reason: 'run_queued',
          runId: delivery.decision?.runId,
        },
      ],
    });
    expect((await json('deliveries', 'list', '--limit', '1')).value).toHaveLength(1);
  });

  test('deliveries show gives the payload, runs show the timeline', async () => {
    const shown = await json('deliveries', 'show', delivery.id);
    expect(shown.value).toMatchObject({ id: delivery.id, payload: { issue: { number: 7 } } });
    const run = await json('runs', 'show', delivery.decision?.runId ?? '');
    expect(run.value).toMatchObject({
      ...runRow('queued'),
      timeline: [{ at: TIME, kind: 'state', text: expect.any(String) }],
    });
  });

  test.each([
    ['begins with a byte order mark', '\ufeff{"zen":1}', '"zen":1'],
    ['is nested a hundred thousand deep', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, '[[[[]]]]'],
  ])('deliveries show gives a payload that %s', async (_how, text, part) => {
    const id = crypto.randomUUID();
    const [body, rest] = [Buffer.from(text), { action: null, repository: null, uniqueBody: true }];
    await service.app.deliveries.store({ id, event: 'push', headers: {}, body, ...rest });
    const shown = await runCommand(service.dir, settings(), 'deliveries', 'show', id, '--json');
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining(part) });
    expect(JSON.parse(shown.out)).toHaveProperty('id', id);
  });

  test('explain gives decision, candidates, prompt and plan, for a delivery and for a file', async () => {
    const decision = { run: true, profile: 'hello', reason: 'run_queued', permission: 'not needed' };
    const shape = {
      decision,
      candidates: [
        {
          profile: 'hello',
          trigger: expect.objectContaining({ event: 'issue_comment' }),
          matched: true,
          failed: null,
        },
      ],
      problems: [],
      prompt: null,
      plan: {
        image: 'github-flows-base:latest',
        command: ['sh', '-c', 'true'],
        user: expect.stringMatching(/^\d+:\d+$/),
        env: { GITHUB_REPOSITORY: 'octo/hello' },
        network: 'none',
        limits: { timeoutSec: 60 },
        mounts: expect.arrayContaining([
          {
            type: 'bind',
            source: expect.any(String),
            target: '/workspace',
            readOnly: false,
            kind: 'workspace',
            asWritten: null,
          },
        ]),
      },
    };
    expect((await json('explain', delivery.id)).value).toMatchObject(shape);
    writeFileSync(join(service.dir, 'comment.json'), JSON.stringify(commentPayload()));
    expect((await json('explain', 'comment.json', '--event', 'issue_comment')).value).toMatchObject(shape);
  });

  test('explain says with exit code 0 that nothing matches, and which condition failed first', async () => {
    writeFileSync(
      join(service.dir, 'other.json'),
      JSON.stringify(commentPayload('hi', { repository: 'a/b' })),
    );
    const { code, value } = await json('explain', 'other.json', '--event', 'issue_comment');
    expect(code).toBe(0);
    expect(value).toMatchObject({
      decision: { run: false, profile: null, reason: 'no_profile_matched' },
      candidates: [
        { matched: false, failed: { condition: 'repository', wanted: 'octo/hello', actual: 'a/b' } },
      ],
      prompt: null,
      plan: null,
    });
  });

  test('profiles validate gives profiles and issues, and exit code 1 when there are any', async () => {
    const good = await json('profiles', 'validate');
    expect(good).toMatchObject({ code: 0, value: { profiles: [{ path: 'hello' }], issues: [] } });
    expect((await json('profiles', 'list')).value).toMatchObject({ defaults: [{ path: '.' }] });

    const bad = join(service.dir, 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, 'profile.json'), '{"trigger":{"evnt":"push"}}');
    const { code, out } = await runCommand(
      service.dir,
      { ...settings(), PROFILES_DIR: './bad' },
      'profiles',
      'validate',
      '--json',
    );
    expect(code).toBe(1);
    const { issues } = JSON.parse(out);
    expect(issues[0]).toEqual({
      code: 'profile_unknown_key',
      file: expect.stringContaining('profile.json'),
      path: expect.any(String),
      message: expect.stringMatching(/evnt.*`event`/),
      hint: expect.stringMatching(/\S/),
    });
  });

  test('profiles validate warns with exit code 0, and with --strict with exit code 1', async () => {
    const dir = join(service.dir, 'warned');
    mkdirSync(dir);
    const profile = shellProfile('true', {
      trigger: { event: 'issues', action: 'labelled', repository: 'octo/hello' },
    });
    writeFileSync(join(dir, 'profile.json'), JSON.stringify(profile));
    const run = async (...more: string[]) =>
      await runCommand(
        service.dir,
        { ...settings(), PROFILES_DIR: './warned' },
        'profiles',
        'validate',
        ...more,
      );
    const { code, out } = await run('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ profiles: [{ path: '.' }], issues: [] });
    expect(JSON.parse(out).warnings).toEqual([
      {
        code: 'trigger_action_unknown',
        file: expect.stringContaining('profile.json'),
        path: '/trigger/action',
        message: expect.stringContaining('"labelled"'),
        hint: expect.stringContaining('"labeled"'),
      },
    ]);
    expect(await run()).toMatchObject({ code: 0, out: expect.stringMatching(/^Warning: .*labelled/) });
    expect(await run('--strict', '--json')).toMatchObject({ code: 1, out });
  });

  test('profiles validate says which budgets hold a profile that everybody may start', async () => {
    const open = join(service.dir, 'open');
    mkdirSync(open);
    const profile = {
      trigger: { event: 'issues' },
      allow: { permission: 'any' },
      execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
    };
    writeFileSync(join(open, 'profile.json'), JSON.stringify(profile));
    const plain = Object.entries(settings()).filter(([name]) => !name.startsWith('BUDGET_ANY_'));
    const given = { ...Object.fromEntries(plain), PROFILES_DIR: './open', BUDGET_ACTOR_MINUTES: '90' };
    const { code, out } = await runCommand(service.dir, given, 'profiles', 'validate');
    expect(code).toBe(0);
    expect(out).toContain(
      'is open to everybody ("permission": "any"). A day has at most 5 runs and 90 minutes for each person, 50 runs for each repository, 100 runs for the profile.',
    );
  });

  test('lists work while the service is down, and a run called off then ends at its next start', async () => {
    await service.stop();
    expect(await json('runs', 'list')).toEqual({ code: 0, value: [runRow('queued')] });
    const id = delivery.decision?.runId ?? '';
    const cancelled = await json('runs', 'cancel', id, '--reason', 'not needed');
    expect(cancelled).toMatchObject({ code: 0, value: { id, status: 'requested' } });
    await service.start();
    await service.ended(id);
    expect((await json('runs', 'list')).value).toEqual([
      { ...runRow('ended'), outcome: 'cancelled', reason: 'run_cancelled', endedAt: TIME },
    ]);
    expect(await json('runs', 'cancel', id)).toMatchObject({ code: 1, value: { status: 'already_ended' } });
  });
});

describe('for people', () => {
  test('what outside users wrote is shown, and cannot move the cursor or hide anything', async () => {
    const hostile = '\u001b[2Jgone\u202eturned\u200bhidden\u0007';
    const { id } = await service.deliver({ ...commentPayload(hostile), action: hostile });
    await until('it was decided', async () => (await service.app.deliveries.find(id))?.decision ?? undefined);
    const { decision } = await service.comment();
    const runId = decision?.runId ?? '';
    await runCommand(service.dir, settings(), 'runs', 'cancel', runId, '--reason', hostile);
    await service.ended(runId);
    for (const argv of [
      ['deliveries', 'show', id],
      ['deliveries', 'list'],
      ['runs', 'show', runId],
    ]) {
      const { code, out } = await runCommand(service.dir, settings(), ...argv);
      expect(code).toBe(0);
      for (const word of ['gone', 'turned', 'hidden']) expect(out, argv.join(' ')).toContain(word);
      for (const sign of ['\u001b', '\u202e', '\u200b', '\u0007']) expect(out).not.toContain(sign);
    }
  });
});
