import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkPolicyMounts } from '../../src/mounts/rules/policy-mounts.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import schema from '../../src/policy/policy.schema.json' with { type: 'json' };
import { policyFile } from '../support/profiles/policy-files.ts';
import { checks } from '../support/profiles/profile-files.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/policy.md'), 'utf8');
const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];

describe('docs/policy.md', () => {
  test('docs/policy.md shows a policy that is taken as it stands, and that has every key', () => {
    const place = policyFile(example);
    const policy = loadPolicy(place);
    expect(Object.keys(JSON.parse(example)).toSorted()).toEqual(Object.keys(schema.properties).toSorted());
    expect(Object.keys(JSON.parse(example).ceilings).toSorted()).toEqual(
      Object.keys(schema.properties.ceilings.properties).toSorted(),
    );
    expect(policy.ceilings.memoryBytes).toBe(8 * 1024 ** 3);
    const refused = checkPolicyMounts(policy.mounts, checks.mountHost);
    expect(refused.filter(({ code }) => code === 'policy_mount_refused')).toEqual([]);
  });

  test('docs/policy.md has a row for every key, and no row without a key', () => {
    const section = page.slice(page.indexOf('## Every key'));
    const rows = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, key = '']) => key);
    const { ceilings, ...keys } = schema.properties;
    const known = [...Object.keys(keys), ...Object.keys(ceilings.properties).map((key) => `ceilings.${key}`)];
    expect(rows.toSorted()).toEqual(known.toSorted());
  });

  test('docs/policy.md has a schema that describes every key, for editors', () => {
    const silent = Object.entries(schema.properties).filter(([, part]) => !('description' in part));
    expect(silent).toEqual([]);
  });
});
