import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CEILING_LIMITS, PROFILE_LIMITS, RUN_LIMITS } from '../../src/base/run-limits.ts';
import { OPTIONS } from '../../src/config/options.ts';
import policySchema from '../../src/policy/policy.schema.json' with { type: 'json' };
import profileSchema from '../../src/profiles/profile.schema.json' with { type: 'json' };

const docs = (page: string): string => readFileSync(`docs/${page}.md`, 'utf8');

test('every limit of a run is an option', () => {
  const names = OPTIONS.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(RUN_LIMITS.map(({ option }) => option.name)));
});

test('the schema and the page of profiles have every limit that a profile may set', () => {
  const keys = PROFILE_LIMITS.map(({ key }) => key);
  expect(Object.keys(profileSchema.$defs.runtime.properties)).toEqual(expect.arrayContaining(keys));
  for (const key of keys) expect(docs('profiles')).toContain(`| \`execution.runtime.${key}\` |`);
});

test('the schema and the page of the policy have every limit with a ceiling, and no other', () => {
  const keys = CEILING_LIMITS.map(({ key }) => key);
  expect(Object.keys(policySchema.properties.ceilings.properties).toSorted()).toEqual(
    [...keys, 'network'].toSorted(),
  );
  for (const key of keys) expect(docs('policy')).toContain(`| \`ceilings.${key}\` |`);
});
