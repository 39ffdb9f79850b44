import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { play } from '../support/scenarios/play.ts';
import { readScenarios } from '../support/scenarios/scenario.ts';
import { size } from '../support/suite/size.ts';

const scenarios = readScenarios(import.meta.dirname);
const played = scenarios.filter((scenario) => scenario.size !== 'long' || size(0, 1) === 1);

/** Some wait a minute for an agent that does not end, beside four others. */
const PATIENCE_MS = 300_000;

test('there are at least thirty, and each says what is to be seen', () => {
  expect(played.length).toBeGreaterThanOrEqual(30);
  expect(scenarios.filter(({ expected }) => !existsSync(expected)).map(({ name }) => name)).toEqual([]);
});

describe.concurrent('what people on GitHub see of the whole service', () => {
  for (const scenario of played)
    test(`${scenario.name}: ${scenario.title}`, { timeout: PATIENCE_MS }, async ({ expect }) => {
      const seen = await play(scenario);
      await expect(`${JSON.stringify(seen, null, 2)}\n`).toMatchFileSnapshot(scenario.expected);
    });
});
