import { describe, expect, test } from 'vitest';
import { commentMark, endComment, isOwnComment } from '../../src/feedback/words.ts';
import type { Run } from '../../src/runs/run.ts';

const run = {
  id: 'abc123',
  profile: 'example',
  outcome: 'failed',
  reason: {
    code: 'agent_failed',
    message: 'The agent ended with exit code 1.',
    mend: 'Read its last lines.',
  },
  finalMessage: null,
} as unknown as Run;

describe('the comment about a run', () => {
  test('says what happened, why, and what to do', () => {
    const text = endComment(run);
    expect(text).toContain('**The run failed.**');
    expect(text).toContain('The agent ended with exit code 1.');
    expect(text).toContain('Read its last lines. (`agent_failed`)');
  });

  test('mentions nobody, starts no command, and hides nothing', () => {
    const text = endComment({
      ...run,
      finalMessage: 'Thanks @octocat and @org/team!\n/deploy now\n<!-- hidden -->',
    });
    expect(text).not.toMatch(/@octocat|@org/);
    expect(text).not.toMatch(/^>?\s*\/deploy/m);
    expect(text.slice(commentMark('abc123').length)).not.toContain('<!--');
  });

  test('fits into what GitHub takes, and says what was cut', () => {
    const text = endComment({ ...run, finalMessage: 'x'.repeat(500_000) });
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('440000 more characters');
  });

  test('is known again as our own, and a quotation of it is not', () => {
    expect(isOwnComment({ payload: { comment: { body: endComment(run) } } })).toBe(true);
    expect(isOwnComment({ payload: { comment: { body: `> ${commentMark('x')}\nplease` } } })).toBe(false);
    expect(isOwnComment({ payload: { comment: null } })).toBe(false);
    expect(isOwnComment({ payload: {} })).toBe(false);
  });
});
