import { expect, test } from 'vitest';
import { renderGroup } from '../../src/profiles/group-key.ts';

test('names in braces become what the event has, and what it does not have is empty', () => {
  const attributes = { repository: 'o/r', issueNumber: 7, isPullRequest: false };
  expect(renderGroup('{{repository}}#{{ issueNumber }}', attributes)).toBe('o/r#7');
  expect(renderGroup('{{repository}} {{branch}} {{isPullRequest}}', attributes)).toBe('o/r  false');
  expect(renderGroup(' {{branch}} ', attributes)).toBeUndefined();
});

test('what stands in a value is never read as a name', () => {
  expect(renderGroup('{{branch}}', { branch: '{{repository}}$&', repository: 'o/r' })).toBe(
    '{{repository}}$&',
  );
});

test('long keys are cut and stay different', () => {
  const keys = ['a', 'b'].map((end) => renderGroup('{{branch}}', { branch: `${'x'.repeat(5000)}${end}` }));
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key?.length).toBeLessThan(400);
});
