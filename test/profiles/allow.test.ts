import { describe, expect, test } from 'vitest';
import { fullAllow, judgeActor } from '../../src/profiles/allow.ts';

const person = (login: string) => ({ login, id: 1, type: 'User' });
const bot = (login: string) => ({ login, id: 2, type: 'Bot' });
const denied = (code: string) => ({
  denied: expect.objectContaining({ code, message: expect.any(String), hint: expect.any(String) }),
});

describe('allow', () => {
  test('allow is write permission when nothing is said, also when it is an empty object', () => {
    expect(fullAllow(undefined)).toEqual({ permission: 'write', actors: [], bots: [] });
    expect(fullAllow({})).toEqual({ permission: 'write', actors: [], bots: [] });
    expect(judgeActor(fullAllow(undefined), person('alice'))).toEqual({ ask: 'write' });
  });

  test('actors or bots without a permission admit these alone', () => {
    expect(judgeActor(fullAllow({ actors: ['alice'] }), person('alice'))).toBe('allowed');
    expect(judgeActor(fullAllow({ actors: ['alice'] }), person('bob'))).toEqual(denied('actor_not_allowed'));
    expect(judgeActor(fullAllow({ bots: ['dependabot[bot]'] }), person('alice'))).toEqual(
      denied('actor_not_allowed'),
    );
    expect(judgeActor(fullAllow({ actors: [] }), person('alice'))).toEqual(denied('actor_not_allowed'));
  });

  test('with a permission too, actors need no lookup and others are asked about', () => {
    const allow = fullAllow({ permission: 'maintain', actors: ['alice'] });
    expect(judgeActor(allow, person('alice'))).toBe('allowed');
    expect(judgeActor(allow, person('bob'))).toEqual({ ask: 'maintain' });
  });

  test('any asks nothing of people, and admits no bot', () => {
    expect(judgeActor(fullAllow({ permission: 'any' }), person('stranger'))).toBe('allowed');
    expect(judgeActor(fullAllow({ permission: 'any' }), bot('evil[bot]'))).toEqual(denied('bot_not_allowed'));
  });

  test('logins compare without case, and only as the ASCII they are', () => {
    expect(judgeActor(fullAllow({ actors: ['Alice'] }), person('aLICE'))).toBe('allowed');
    expect(judgeActor(fullAllow({ bots: ['Dependabot[Bot]'] }), bot('dependabot[bot]'))).toBe('allowed');
    expect(judgeActor(fullAllow({ actors: ['kim'] }), person('\u212Aim'))).toEqual(
      denied('actor_not_allowed'),
    );
  });

  test('an id admits its account alone, whatever the login is', () => {
    const allow = fullAllow({ actors: ['alice#1'], bots: ['dependabot[bot]#2'] });
    expect(judgeActor(allow, person('renamed'))).toBe('allowed');
    expect(judgeActor(allow, { ...person('alice'), id: 7 })).toEqual(denied('actor_not_allowed'));
    expect(judgeActor(allow, { login: 'alice', id: undefined, type: 'User' })).toEqual(
      denied('actor_not_allowed'),
    );
    expect(judgeActor(allow, bot('dependabot[bot]'))).toBe('allowed');
    expect(judgeActor(allow, { ...bot('dependabot[bot]'), id: 3 })).toEqual(denied('bot_not_allowed'));
  });

  test('a bot is admitted by its exact login among the bots and by nothing else', () => {
    expect(judgeActor(fullAllow({ bots: ['dependabot[bot]'] }), bot('dependabot[bot]'))).toBe('allowed');
    expect(judgeActor(fullAllow({ bots: ['dependabot'] }), bot('dependabot[bot]'))).toEqual(
      denied('bot_not_allowed'),
    );
    expect(judgeActor(fullAllow({ actors: ['x[bot]'], permission: 'read' }), bot('x[bot]'))).toEqual(
      denied('bot_not_allowed'),
    );
    expect(judgeActor(fullAllow({ bots: ['*'] }), bot('x[bot]'))).toEqual(denied('bot_not_allowed'));
  });

  test('either mark makes a bot: its type, or the end of its login', () => {
    expect(judgeActor(fullAllow({ permission: 'any' }), bot('Copilot'))).toEqual(denied('bot_not_allowed'));
    expect(judgeActor(fullAllow({ permission: 'any' }), person('x[bot]'))).toEqual(denied('bot_not_allowed'));
    expect(judgeActor(fullAllow({ permission: 'any' }), { login: 'X[BOT]', id: 1, type: undefined })).toEqual(
      denied('bot_not_allowed'),
    );
  });

  test('a person is never admitted by the name of a bot', () => {
    expect(judgeActor(fullAllow({ bots: ['renovate'] }), person('renovate'))).toEqual(
      denied('actor_not_allowed'),
    );
  });

  test('nobody is nobody, even when any may', () => {
    expect(judgeActor(fullAllow({ permission: 'any' }), undefined)).toEqual(denied('actor_unknown'));
    expect(judgeActor(fullAllow({ permission: 'any', actors: [''] }), person(''))).toEqual(
      denied('actor_unknown'),
    );
  });
});
