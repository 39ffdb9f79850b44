import { describe, expect, test } from 'vitest';
import { createProfileSet } from '../../src/profiles/match/match.ts';
import { nearCommand } from '../../src/profiles/match/near-command.ts';
import type { Trigger } from '../../src/profiles/profile.ts';
import { candidatesOf, commentEvent } from '../support/github/flow-events.ts';

const listening = (trigger: Partial<Trigger> = {}) =>
  createProfileSet(
    candidatesOf({ fix: { event: 'issue_comment', action: 'created', command: '/fix', ...trigger } }),
  );

function near(body: string, profiles = listening(), changes: object = {}): unknown {
  const event = commentEvent({ payload: { issue: { number: 42 }, comment: { body } }, ...changes });
  const { command: _command, ...attributes } = event.attributes;
  return nearCommand({ ...event, attributes }, profiles, ['/cancel'])?.meant;
}

describe('a first word that is one slip away from a command', () => {
  test.each([
    ['other capitals', '/Fix'],
    ['all capitals, and more behind it', '/FIX the tests'],
    ['a comma', '/fix,'],
    ['a comma with a word joined to it', '/fix,please'],
    ['a full stop', '/fix.'],
    ['many marks', '/fix?!...'],
    ['a colon', '/fix: the tests'],
    ['a full-width comma', '/fix，谢谢'],
    ['an ideographic full stop', '/fix。'],
    ['a slash behind it', '/fix/'],
    ['a full-width slash', '／fix'],
    ['a division slash', '∕fix'],
    ['a backslash', '\\fix'],
    ['two slashes', '//fix'],
    ['a blank behind the slash', '/ fix'],
    ['full-width letters', '/ｆｉｘ'],
    ['a letter of another script', '/fіx'],
    ['two letters swapped', '/fxi'],
    ['a letter missing', '/fx'],
    ['a letter twice', '/fixx'],
    ['another letter', '/fox'],
    ['bold letters', '**/fix**'],
    ['code', '`/fix`'],
    ['something that nobody sees before it', '\u200b\u2060/Fix'],
    ['a set minus', '\u2216fix'],
    ['a dash with a word joined to it', '/fix—now'],
    ['a bracket joined to it', '/fix(please)'],
    ['a value joined to it', '/fix=1'],
    ['a full stop with a word joined to it', '/fix.please'],
    ['quotation marks', '"/fix"'],
    ['curly quotation marks', '“/fix”'],
    ['brackets', '(/fix)'],
    ['something that nobody sees in it', '/F\u200bix'],
    ['a line before it', '\r\n\n/Fix\r\nthe tests'],
  ])('a first word that is one slip away from a command with %s is known: %j', (_what, body) => {
    expect(near(body)).toBe('/fix');
  });

  test.each([
    ['the command itself', '/fix'],
    ['a word without a slash', 'Fix'],
    ['prose', 'the /Fix was good'],
    ['a quotation', '> /Fix'],
    ['code with words behind it', '`/fix` is what you say'],
    ['two slips', '/foxx'],
    ['a path', '/fix/it/now'],
    ['a longer name', '/fix-it'],
    ['a link with words behind it', '[/fix](http://x) is it'],
    ['another word', '/deploy'],
    ['a slash alone', '/'],
    ['nothing', ''],
    ['a very long word', `/fix${'!'.repeat(500)}`],
  ])('a first word that is one slip away from a command is not %s: %j', (_what, body) => {
    expect(near(body)).toBeUndefined();
  });

  test('a first word that is one slip away from a command counts only where the right word would have started something', () => {
    expect(near('/Fix', listening({ repository: 'other/repository' }))).toBeUndefined();
    expect(near('/Fix', listening({ labels: ['absent'] }))).toBeUndefined();
    expect(near('/Fix', listening({ labels: ['bug'] }))).toBe('/fix');
    const edited = { event: 'issue_comment', action: 'edited', repository: 'owner/repository' };
    expect(near('/Fix', listening(), { action: 'edited', attributes: edited })).toBeUndefined();
  });

  test('a first word that is one slip away from a command counts in no comment that was deleted', () => {
    const profiles = createProfileSet(candidatesOf({ fix: { event: 'issue_comment', command: '/fix' } }));
    expect(near('/Fix', profiles)).toBe('/fix');
    expect(near('/Fix', profiles, { action: 'deleted' })).toBeUndefined();
  });

  test('a first word that is one slip away from a command means the nearest of several commands, and short names only but for their capitals', () => {
    const profiles = createProfileSet(
      candidatesOf({ many: { event: 'issue_comment', command: ['/tests', '/test', '/go'] } }),
    );
    expect(near('/Test', profiles)).toBe('/test');
    expect(near('/TESTS', profiles)).toBe('/tests');
    expect(near('/Go', profiles)).toBe('/go');
    expect(near('/do', profiles)).toBeUndefined();
  });

  test('a first word that is one slip away from a command may mean a command to the runs of the thread', () => {
    expect(near('/Cancel')).toBe('/cancel');
    expect(near('/cancle')).toBe('/cancel');
  });
});
