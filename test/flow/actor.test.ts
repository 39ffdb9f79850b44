import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { FlowEvent } from '../../src/events/event.ts';
import { type Authorization, authorize } from '../../src/flow/admission/authorize.ts';
import type { Lookups } from '../../src/flow/github/lookups.ts';
import type { ServiceAccount } from '../../src/flow/github/service-account.ts';
import { fullAllow } from '../../src/profiles/allow.ts';
import type { Allow } from '../../src/profiles/profile.ts';
import { commentEvent, profileOf } from '../support/github/flow-events.ts';

type World = {
  allow?: Partial<Allow>;
  /** Who caused the event. */
  login?: string;
  type?: string;
  permission?: string | Error;
  isCollaborator?: boolean | Error;
  /** What the payload says of its repository; nothing means that it says nothing. */
  isPrivate?: boolean;
  teams?: Record<string, boolean | Error>;
  own?: string;
  knownOwn?: string;
  isFork?: boolean | Error;
  locked?: 'issue' | 'pull_request' | 'discussion';
  pull?: { isFork: boolean | undefined };
  /** The event is about a commit of another repository, without a pull request. */
  isForkCommit?: boolean;
  /** The event names a commit, and what its repository says of it. */
  commit?: string;
  /** What the comment says. */
  body?: string;
  isOwnCommit?: boolean | Error;
};

const SHA = 'a'.repeat(40);

const MARKED = '<!-- github-flows:run:1 -->\nDone.';

const silent = new FlowError({
  code: 'github_unreachable',
  blame: 'github',
  message: 'GitHub gave no answer.',
  hint: 'Wait.',
});

/** What the rules say in a world, and what GitHub was asked. */
async function judge(world: World): Promise<{ judgement: Authorization; asked: string[] }> {
  const asked: string[] = [];
  const answer = <T>(question: string, value: T | Error | undefined): Promise<T> => {
    asked.push(question);
    if (value instanceof Error || value === undefined) return Promise.reject(value ?? silent);
    return Promise.resolve(value);
  };
  const lookups: Pick<Lookups, 'permission' | 'isCollaborator' | 'isMember' | 'isFork' | 'isOwnCommit'> = {
    isCollaborator: (_profile, _repository, login) => answer(`collaborator ${login}`, world.isCollaborator),
    permission: (_profile, _repository, login) => answer(`permission ${login}`, world.permission),
    isMember: (_profile, _repository, team) => answer(`team ${team}`, world.teams?.[team]),
    isFork: (_profile, _repository, number) => answer(`pull ${number}`, world.isFork),
    isOwnCommit: (_profile, _repository, commit) => answer(`commit ${commit}`, world.isOwnCommit),
  };
  const own = {
    isKnownOwn: async (login: string) => login === world.knownOwn,
    isOwn: async (_profile: unknown, _repository: string, login: string) => {
      asked.push('own');
      return login === world.own;
    },
  } as unknown as ServiceAccount;
  const profile = { ...profileOf('p', {}), allow: fullAllow(world.allow) };
  return { judgement: await authorize({ lookups, own }, profile, eventOf(world)), asked };
}

function eventOf(world: World): FlowEvent {
  const { login = 'alice', type = 'User', body, locked, pull, isForkCommit, commit, isPrivate } = world;
  const event = commentEvent({
    repository: {
      id: 1,
      fullName: 'acme/site',
      owner: 'acme',
      name: 'site',
      defaultBranch: 'main',
      private: false,
    },
    actor: login === '' ? undefined : { login, id: 1, type },
  });
  return {
    ...event,
    commit,
    attributes: { ...event.attributes, ...(isForkCommit === undefined ? {} : { isFork: isForkCommit }) },
    payload: {
      ...event.payload,
      ...(body !== undefined && { comment: { id: 1, body } }),
      ...(locked && { [locked]: { number: 42, locked: true } }),
      ...(isPrivate !== undefined && { repository: { private: isPrivate } }),
    },
    pullRequest: pull && {
      number: 42,
      headSha: undefined,
      headRef: undefined,
      headRepositoryId: undefined,
      baseSha: undefined,
      baseRef: undefined,
      ...pull,
    },
  };
}

describe('who may not', () => {
  test.each<[string, World, string]>([
    ['a sender that the event does not name', { login: '', permission: 'admin' }, 'actor_unknown'],
    ['write is asked for, and there is triage', { permission: 'triage' }, 'permission_too_low'],
    ['write is asked for, and there is none', { permission: 'none' }, 'permission_too_low'],
    [
      'admin is asked for, and there is maintain',
      { allow: { permission: 'admin' }, permission: 'maintain' },
      'permission_too_low',
    ],
    ['a level that GitHub does not have', { permission: 'owner' }, 'permission_too_low'],
    [
      'read of a public repository, which everybody has',
      { isPrivate: false, allow: { permission: 'read' }, permission: 'read', isCollaborator: false },
      'permission_too_low',
    ],
    [
      'read of a repository that does not say that it is private',
      { allow: { permission: 'read' }, permission: 'read', isCollaborator: false },
      'permission_too_low',
    ],
    [
      'read of a public repository, and no answer about who belongs to it',
      { isPrivate: false, allow: { permission: 'read' }, permission: 'read', isCollaborator: silent },
      'permission_unknown',
    ],
    [
      'triage is asked for, and there is the read of a public repository',
      { isPrivate: false, allow: { permission: 'triage' }, permission: 'read', isCollaborator: true },
      'permission_too_low',
    ],
    [
      'read of a public repository, and in no team',
      {
        isPrivate: false,
        allow: { permission: 'read', teams: ['acme/core'] },
        permission: 'read',
        isCollaborator: false,
        teams: { 'acme/core': false },
      },
      'team_not_allowed',
    ],
    ['no answer about the permission', { permission: silent }, 'permission_unknown'],
    [
      'somebody else than the actors',
      { allow: { actors: ['bob'] }, permission: 'admin' },
      'actor_not_allowed',
    ],
    ['no actor at all', { allow: { actors: [] }, permission: 'admin' }, 'actor_not_allowed'],
    [
      'a bot that is not named',
      { login: 'evil[bot]', type: 'Bot', allow: { permission: 'any' } },
      'bot_not_allowed',
    ],
    [
      'a bot among the actors',
      { login: 'x[bot]', type: 'Bot', allow: { actors: ['x[bot]'] } },
      'bot_not_allowed',
    ],
    [
      'a bot in a team',
      { login: 'x[bot]', type: 'Bot', allow: { teams: ['acme/core'] }, teams: { 'acme/core': true } },
      'bot_not_allowed',
    ],
    [
      'somebody outside the team',
      { allow: { teams: ['acme/core'] }, teams: { 'acme/core': false } },
      'team_not_allowed',
    ],
    [
      'a team of another organisation',
      { allow: { teams: ['other/core'] }, teams: { 'other/core': true } },
      'team_elsewhere',
    ],
    [
      'no answer about the team',
      { allow: { teams: ['acme/core'] }, teams: { 'acme/core': silent } },
      'team_unknown',
    ],
    [
      'neither permission nor team',
      {
        allow: { permission: 'admin', teams: ['acme/core'] },
        permission: 'write',
        teams: { 'acme/core': false },
      },
      'team_not_allowed',
    ],
    [
      'no permission, and no answer about one of two teams',
      { allow: { teams: ['acme/a', 'acme/b'] }, teams: { 'acme/a': silent, 'acme/b': false } },
      'team_unknown',
    ],
    ['the account that the service works with', { own: 'alice', permission: 'admin' }, 'own_account'],
    [
      'that account, in whatever capitals it is known',
      { knownOwn: 'alice', allow: { permission: 'any' } },
      'own_account',
    ],
    [
      'the service’s own App, though a profile names it',
      { login: 'flows[bot]', type: 'Bot', knownOwn: 'flows[bot]', allow: { bots: ['flows[bot]'] } },
      'own_account',
    ],
    [
      'the service’s own account in a team',
      { own: 'alice', allow: { teams: ['acme/core'] }, teams: { 'acme/core': true } },
      'own_account',
    ],
    [
      'the service’s own account by its name, under the mark of a run',
      { knownOwn: 'alice', allow: { actors: ['alice'] }, body: MARKED },
      'own_account',
    ],
    [
      'that account, before the service knows it',
      { own: 'alice', allow: { actors: ['alice'] }, body: MARKED },
      'own_account',
    ],
    [
      'a locked issue, with triage',
      { locked: 'issue', allow: { permission: 'read' }, permission: 'triage' },
      'thread_locked',
    ],
    [
      'a locked issue, where any may',
      { locked: 'issue', allow: { permission: 'any' }, permission: 'read' },
      'thread_locked',
    ],
    [
      'a locked pull request, by name alone',
      { locked: 'pull_request', allow: { actors: ['alice'] }, permission: 'read' },
      'thread_locked',
    ],
    [
      'a locked discussion, by team alone',
      {
        locked: 'discussion',
        allow: { teams: ['acme/core'] },
        teams: { 'acme/core': true },
        permission: 'read',
      },
      'thread_locked',
    ],
    [
      'a locked issue, and no answer',
      { locked: 'issue', allow: { permission: 'any' }, permission: silent },
      'permission_unknown',
    ],
    [
      'a fork, by the event',
      { allow: { permission: 'any', forks: false }, pull: { isFork: true } },
      'fork_not_allowed',
    ],
    [
      'a workflow that ran on a fork’s commit',
      { allow: { permission: 'any', forks: false }, isForkCommit: true },
      'fork_not_allowed',
    ],
    [
      'a fork, by GitHub',
      { allow: { permission: 'any', forks: false }, pull: { isFork: undefined }, isFork: true },
      'fork_not_allowed',
    ],
    [
      'no answer whether it is a fork',
      { allow: { permission: 'any', forks: false }, pull: { isFork: undefined }, isFork: silent },
      'fork_unknown',
    ],
    [
      'a commit that no branch of the repository holds, whatever the event says',
      { allow: { actors: ['alice'], forks: false }, isForkCommit: false, commit: SHA, isOwnCommit: false },
      'fork_not_allowed',
    ],
    [
      'no answer whether a branch holds the commit',
      { allow: { actors: ['alice'], forks: false }, commit: SHA, isOwnCommit: silent },
      'fork_unknown',
    ],
  ])('%s', async (_name, world, code) => {
    const { judgement } = await judge(world);
    expect(judgement).toMatchObject({
      denied: { code, message: expect.any(String), hint: expect.any(String) },
    });
  });
});

describe('who may', () => {
  test.each<[string, World, boolean, string[]]>([
    ['somebody with the permission', { permission: 'write' }, false, ['own', 'permission alice']],
    [
      'a collaborator who reads a public repository',
      { isPrivate: false, allow: { permission: 'read' }, permission: 'read', isCollaborator: true },
      false,
      ['collaborator alice', 'own', 'permission alice'],
    ],
    [
      'whoever reads a private repository',
      { isPrivate: true, allow: { permission: 'read' }, permission: 'read' },
      false,
      ['own', 'permission alice'],
    ],
    [
      'triage on a public repository, where read is asked for',
      { isPrivate: false, allow: { permission: 'read' }, permission: 'triage' },
      false,
      ['own', 'permission alice'],
    ],
    [
      'a member who reads a public repository as everybody does',
      {
        isPrivate: false,
        allow: { permission: 'read', teams: ['acme/a'] },
        permission: 'read',
        isCollaborator: false,
        teams: { 'acme/a': true },
      },
      false,
      ['collaborator alice', 'own', 'permission alice', 'team acme/a'],
    ],
    ['an actor, unasked', { allow: { actors: ['Alice'] } }, false, []],
    [
      'an actor on a commit of a branch',
      { allow: { actors: ['alice'], forks: false }, commit: SHA, isOwnCommit: true },
      false,
      [`commit ${SHA}`],
    ],
    ['an actor on any commit, unasked', { allow: { actors: ['alice'] }, commit: SHA }, false, []],
    ['anybody, where any may', { allow: { permission: 'any' } }, false, ['own']],
    [
      'a member of the second team',
      { allow: { teams: ['acme/a', 'ACME/b'] }, teams: { 'acme/a': false, 'ACME/b': true } },
      false,
      ['own', 'team acme/a', 'team ACME/b'],
    ],
    [
      'a member, when the permission has no answer',
      { allow: { permission: 'admin', teams: ['acme/a'] }, permission: silent, teams: { 'acme/a': true } },
      false,
      ['own', 'permission alice', 'team acme/a'],
    ],
    [
      'a bot by its name, as a machine',
      { login: 'renovate[bot]', type: 'Bot', allow: { bots: ['Renovate[bot]'] } },
      true,
      [],
    ],
    [
      'the service’s own account by its name, as a machine',
      { knownOwn: 'alice', allow: { actors: ['alice'] } },
      true,
      [],
    ],
    [
      'somebody by name who copied the mark of a run',
      { allow: { actors: ['alice'] }, body: MARKED },
      false,
      ['own'],
    ],
    [
      'a locked issue, with write',
      { locked: 'issue', allow: { actors: ['alice'] }, permission: 'write' },
      false,
      ['permission alice'],
    ],
    [
      'a branch of the repository itself',
      { allow: { actors: ['alice'], forks: false }, pull: { isFork: undefined }, isFork: false },
      false,
      ['pull 42'],
    ],
    ['an issue, where forks may not', { allow: { actors: ['alice'], forks: false } }, false, []],
  ])('%s', async (_name, world, byBot, questions) => {
    const { judgement, asked } = await judge(world);
    expect(judgement).toMatchObject({ byBot });
    expect(judgement).not.toHaveProperty('denied');
    expect(asked.toSorted()).toEqual(questions.toSorted());
  });
});
