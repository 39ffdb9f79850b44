import { expect, test } from 'vitest';
import { permissionReaches } from '../../src/flow/admission/authorize.ts';

const LEVELS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];

test('a permission reaches itself and what is below it, and nothing above', () => {
  for (const [have, actual] of LEVELS.entries())
    for (const [want, wanted] of LEVELS.entries())
      expect(permissionReaches(actual, wanted), `${actual} for ${wanted}`).toBe(have >= want);
});

test.each(['', 'Admin', 'owner', 'constructor'])(
  'a level that is not GitHub’s reaches nothing: %j',
  (level) => {
    expect(permissionReaches(level, 'none')).toBe(false);
    expect(permissionReaches('admin', level)).toBe(false);
  },
);
