import { describe, expect, test } from 'vitest';
import type { FlowEvent } from '../../src/events/event.ts';
import type { Lookups } from '../../src/flow/github/lookups.ts';
import type { ServiceAccount } from '../../src/flow/github/service-account.ts';
import { recheck } from '../../src/flow/prepare/recheck.ts';
import { gitHubUnreachable } from '../../src/github/errors.ts';
import type { Thread } from '../../src/github/threads.ts';
import { fullAllow } from '../../src/profiles/allow.ts';
import type { Run, TimelineEntry } from '../../src/runs/run.ts';
import { commentEvent, profileOf } from '../support/github/flow-events.ts';

const OPEN: Thread = { isOpen: true, isLocked: false, repositoryId: undefined };
const CLOSED: Thread = { ...OPEN, isOpen: false };
const silent = gitHubUnreachable('this', 'nobody listens');

type World = {
  permission?: string | Error;
  thread?: Thread | Error;
  isCommentThere?: boolean;
  heard?: Partial<TimelineEntry>[];
  state?: string;
  isPull?: boolean;
  name?: string;
  actor?: string;
  allow?: object;
  /** The login that the account of the event has by now. */
  loginNow?: string | Error;
  isBot?: boolean;
};

/** What asking again gives in a world, and who was asked about. */
async function ask(moment: 'start' | 'publish', world: World) {
  const { permission = 'write', thread = OPEN, isCommentThere = true } = world;
  const give = <T>(value: T | Error): Promise<T> =>
    value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
  const logins: string[] = [];
  const lookups = {
    permission: (_profile: unknown, _repository: string, login: string) => {
      logins.push(login);
      return give(permission);
    },
    thread: () => give(thread),
    loginOf: (_profile: unknown, _repository: string, id: number) => {
      logins.push(String(id));
      return give(world.loginNow);
    },
    isCommentThere: () => give(isCommentThere),
  } as unknown as Lookups;
  const own = { isKnownOwn: async () => false, isOwn: async () => false } as unknown as ServiceAccount;
  const notes: string[] = [];
  const runs = {
    timeline: async () => (world.heard ?? []) as TimelineEntry[],
    note: async (_id: string, { kind }: { kind: string }) => void notes.push(kind),
  };
  const run = {
    id: 'r',
    repository: 'o/r',
    repositoryId: 7,
    actor: world.actor ?? (world.isBot ? 'alice[bot]' : 'alice'),
  } as Run;
  const event = eventOf(world);
  const profile = { ...profileOf('p', {}), allow: fullAllow(world.allow) };
  const answer = await recheck({ lookups, own, runs }, { run, profile, event }, moment).catch(
    (error: unknown) => error as { code: string },
  );
  return { code: answer?.code, message: String((answer as Error | undefined)?.message), logins, notes };
}

function eventOf({ state = 'open', isPull = false, name = 'issue_comment', isBot }: World): FlowEvent {
  const actor = isBot ? { login: 'alice[bot]', id: 5, type: 'Bot' } : { login: 'alice', id: 5, type: 'User' };
  const event = commentEvent({ actor });
  const payload = { issue: { number: 42, state }, comment: { id: 9, body: '/fix' } };
  const pullRequest = isPull ? ({ number: 42 } as FlowEvent['pullRequest']) : undefined;
  if (name !== 'commit_comment') return { ...event, payload, pullRequest };
  const attributes = { ...event.attributes, event: name, issueNumber: undefined };
  return { ...event, name, attributes, payload: { comment: payload.comment } } as unknown as FlowEvent;
}

test('a thread, comment and actor that are as they were stop nothing', async () => {
  for (const moment of ['start', 'publish'] as const)
    expect(await ask(moment, {})).toMatchObject({ code: undefined, logins: ['alice'] });
});

describe('before the start', () => {
  test.each<[string, World, string]>([
    ['the right was lost', { permission: 'read' }, 'permission_lost'],
    [
      'the thread was locked',
      { thread: { ...OPEN, isLocked: true }, permission: 'triage' },
      'permission_lost',
    ],
    [
      'the thread was locked for a reader whom anybody’s rule let in',
      { thread: { ...OPEN, isLocked: true }, permission: 'read', allow: { permission: 'any' } },
      'permission_lost',
    ],
    [
      'a delivery reported the lock of a thread that GitHub’s API says nothing of',
      { thread: 'hidden', heard: [{ kind: 'thread_locked', data: {} }], permission: 'triage' },
      'permission_lost',
    ],
    ['the thread was closed', { thread: CLOSED }, 'thread_closed'],
    ['the thread was deleted', { thread: 'gone' }, 'thread_gone'],
    ['the thread was moved', { thread: { ...OPEN, repositoryId: 8 } }, 'thread_moved'],
    ['the comment was deleted', { isCommentThere: false }, 'comment_deleted'],
    [
      'the comment on a commit was deleted',
      { name: 'commit_comment', isCommentThere: false },
      'comment_deleted',
    ],
    [
      'a delivery reported the end of the thread',
      { heard: [{ kind: 'thread_closed', data: {} }] },
      'thread_closed',
    ],
    [
      'a delivery reported the end of the comment',
      { heard: [{ kind: 'comment_deleted', data: { comment: 9 } }] },
      'comment_deleted',
    ],
    ['GitHub does not say who may', { permission: silent }, 'world_unknown'],
  ])('when %s', async (_name, world, code) => {
    expect((await ask('start', world)).code).toBe(code);
  });

  test.each<[string, World]>([
    ['a thread that was closed when its event came', { thread: CLOSED, state: 'closed' }],
    ['a repository that was renamed', { thread: { ...OPEN, repositoryId: 7 } }],
    ['a thread that this credential is not shown', { thread: 'hidden', isCommentThere: false }],
    ['a comment that another run was about', { heard: [{ kind: 'comment_deleted', data: { comment: 8 } }] }],
    [
      'a thread that was opened again',
      {
        heard: [
          { kind: 'thread_closed', data: {} },
          { kind: 'thread_reopened', data: {} },
        ],
      },
    ],
    [
      'a thread that was unlocked again',
      {
        thread: 'hidden',
        permission: 'triage',
        allow: { permission: 'triage' },
        heard: [
          { kind: 'thread_locked', data: {} },
          { kind: 'thread_unlocked', data: {} },
        ],
      },
    ],
    ['a locked thread of writers', { thread: { ...OPEN, isLocked: true } }],
  ])('%s keeps nothing back', async (_name, world) => {
    expect((await ask('start', world)).code).toBeUndefined();
  });

  test('a thread that GitHub gives no answer about stops no run, and is noted', async () => {
    expect(await ask('start', { thread: silent })).toMatchObject({
      code: undefined,
      notes: ['thread_unknown'],
    });
  });

  test('the recheck asks GitHub about whoever retried the run, not about the one before', async () => {
    expect(await ask('start', { actor: 'bob' })).toMatchObject({ code: undefined, logins: ['bob'] });
  });
});

describe.each(['start', 'publish'] as const)('whom a profile names, before a %s,', (moment) => {
  test.each<[string, World]>([
    ['a person', { allow: { actors: ['alice'] }, loginNow: 'alice-2' }],
    ['a bot', { allow: { bots: ['alice[bot]'] }, loginNow: 'other[bot]', isBot: true }],
  ])('%s by a login that the account has no more has lost the right', async (_name, world) => {
    expect((await ask(moment, world)).code).toBe('permission_lost');
  });

  test.each<[string, World, string[]]>([
    ['under the same login', { allow: { actors: ['ALICE'] }, loginNow: 'Alice' }, ['5']],
    ['under a new login that is named too', { allow: { actors: ['alice', 'al'] }, loginNow: 'al' }, ['5']],
    ['of whom GitHub shows nothing', { allow: { actors: ['alice'] } }, ['5']],
    ['of whom GitHub says nothing', { allow: { actors: ['alice'] }, loginNow: silent }, ['5']],
    ['by the id, whatever the login is', { allow: { actors: ['al#5'] }, loginNow: 'alice-2' }, []],
    [
      'who has the permission besides',
      { allow: { permission: 'write', actors: ['alice'] }, loginNow: 'alice-2' },
      ['5', 'alice-2'],
    ],
  ])('an account %s keeps its right', async (_name, world, logins) => {
    expect(await ask(moment, world)).toMatchObject({ code: undefined, logins });
  });
});

describe('before a publication', () => {
  test.each<[string, World, string]>([
    ['the right was lost', { permission: 'none' }, 'permission_lost'],
    ['the issue was closed', { thread: CLOSED }, 'publish_thread_closed'],
    ['the pull request was closed or merged', { thread: CLOSED, isPull: true }, 'publish_thread_closed'],
    ['the thread is gone', { thread: 'gone' }, 'thread_gone'],
    ['the thread is elsewhere', { thread: { ...OPEN, repositoryId: 8 } }, 'thread_moved'],
    [
      'a delivery says closed while the API still says open',
      { heard: [{ kind: 'thread_closed', data: {} }], isPull: true },
      'publish_thread_closed',
    ],
    ['GitHub says nothing of the thread', { thread: silent }, 'world_unknown'],
    ['GitHub says nothing of the right', { permission: silent }, 'world_unknown'],
  ])('nothing is published when %s', async (_name, world, code) => {
    expect((await ask('publish', world)).code).toBe(code);
  });

  test('a comment that was deleted meanwhile stops no publication', async () => {
    expect((await ask('publish', { isCommentThere: false })).code).toBeUndefined();
  });
});
