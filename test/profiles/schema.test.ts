import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ATTRIBUTES } from '../../src/events/event.ts';
import { createFilterCompiler } from '../../src/profiles/match/filter.ts';
import schema from '../../src/profiles/profile.schema.json' with { type: 'json' };

type Part = { properties?: Record<string, Part>; $ref?: string; description?: string; else?: Part };

const page = readFileSync(resolve(import.meta.dirname, '../../docs/profiles.md'), 'utf8');
const definitions: Record<string, Part> = schema.$defs;

function resolved(part: Part): Part {
  return part.$ref ? { ...definitions[part.$ref.replace('#/$defs/', '')], ...part } : part;
}

function levels({ $ref }: { $ref: string }): unknown {
  return (resolved({ $ref }) as { enum?: unknown }).enum;
}

/** Every key with its path, but for the inside of maps whose names the user chooses. */
function keys(part: Part, path: string[] = []): string[] {
  const { properties: named = {}, else: other } = resolved(part);
  const properties = path.at(-1) === 'permissions' ? {} : named;
  const own = { ...properties, ...(path.at(-1) === 'checkout' ? other?.properties : {}) };
  const inner = Object.entries(own).flatMap(([key, child]) => keys(child, [...path, key]));
  return inner.length > 0 && path.at(-1) !== 'checkout' ? inner : [path.join('.'), ...inner];
}

describe('profile.schema.json', () => {
  test('profile.schema.json has a row in docs/profiles.md for every key, and the page has no row without a key', () => {
    const section = page.slice(page.indexOf('## Every key'), page.indexOf('**Attributes.**'));
    const rows = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, key = '']) => key);
    const known = keys(schema).filter((key) => !['checkout.from', 'checkout.ref'].includes(key));
    expect(rows.toSorted()).toEqual(known.toSorted());
  });

  test('describes every key, for editors', () => {
    const silent = (part: Part, path: string): string[] => {
      const full = resolved(part);
      const inner = Object.entries(full.properties ?? {}).flatMap(([key, child]) =>
        silent(child, `${path}.${key}`),
      );
      return full.description ? inner : [path, ...inner];
    };
    expect(silent(schema, '')).toEqual([]);
  });

  test('profile.schema.json names exactly the attributes of events, labels and filter as conditions', () => {
    expect(Object.keys(definitions.trigger?.properties ?? {}).toSorted()).toEqual(
      [...ATTRIBUTES, 'labels', 'filter'].toSorted(),
    );
  });

  test('profile.schema.json knows GitHub’s permissions and their levels, and no others', () => {
    const require = createRequire(import.meta.url);
    const file = require.resolve('@octokit/openapi/generated/api.github.com.json');
    const { components } = JSON.parse(readFileSync(file, 'utf8')) as {
      components: { schemas: { 'app-permissions': { properties: Record<string, { enum: string[] }> } } };
    };
    const theirs = Object.entries(components.schemas['app-permissions'].properties);
    const { permissions } = schema.properties.credentials.properties.github.properties;
    const ours = Object.entries(permissions.properties).map(([name, part]) => [name, levels(part)]);
    expect(Object.fromEntries(ours)).toEqual(
      Object.fromEntries(theirs.map(([name, { enum: known }]) => [name, known])),
    );
  });

  test('the filters that the page shows compile', () => {
    const compile = createFilterCompiler();
    const section = page.slice(page.indexOf('## Filters'), page.indexOf('## Who may start it'));
    const [, block = ''] = /```text\n([\s\S]*?)```/.exec(section) ?? [];
    const shown = block.trim().split('\n');
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.map((source) => compile(source)).filter((filter) => 'code' in filter)).toEqual([]);
  });
});
