import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createPolicyWatcher, type PolicyWatcher } from '../../src/policy/watcher.ts';
import { policyFile, writePolicy } from '../support/profiles/policy-files.ts';
import { until } from '../support/service/service.ts';

function keep(content: unknown) {
  const source = policyFile(content);
  const lines: string[] = [];
  const write = (_data: object, message: string): void => void lines.push(message);
  const log = { info: write, warn: write, error: write };
  const watcher: PolicyWatcher = createPolicyWatcher({ source, log, clock: systemClock });
  onTestFinished(watcher.close);
  return { source, lines, watcher };
}

const BAD = 'changed policy is invalid, the last valid one stays in force';

describe('the policy in force', () => {
  test('the policy in force follows its file, also when that is replaced by another', async () => {
    const { source, watcher } = keep({ ceilings: { cpus: 1 } });
    watcher.load();
    let changes = 0;
    watcher.watch(() => {
      changes += 1;
    });
    writePolicy(join(source.dir, 'next.json'), { ceilings: { cpus: 2 } });
    renameSync(join(source.dir, 'next.json'), source.file);
    await until('the replaced policy is in force', () => watcher.current().ceilings.cpus === 2 || undefined);
    writePolicy(source.file, { ceilings: { cpus: 3 } });
    await until('the written policy is in force', () => watcher.current().ceilings.cpus === 3 || undefined);
    expect(changes).toBe(2);
  });

  test('the policy in force stays the last good one while its file has errors or is gone, and says so', async () => {
    const { source, lines, watcher } = keep({ ceilings: { cpus: 1 } });
    watcher.load();
    watcher.watch(() => {});
    writePolicy(source.file, { ceilings: { cpus: 'many' } });
    await until('the error is told', () => lines.includes(BAD) || undefined);
    expect(watcher.current().ceilings).toEqual({ cpus: 1 });
    expect(watcher.lastIssues()).toMatchObject([{ code: 'policy_wrong_value', path: '/ceilings/cpus' }]);
    rmSync(source.file);
    await until(
      'that it is gone is logged',
      () => lines.filter((line) => line === BAD).length > 1 || undefined,
    );
    expect(watcher.current().ceilings).toEqual({ cpus: 1 });
    writePolicy(source.file, { ceilings: { cpus: 2 } });
    await until('the fixed policy is in force', () => watcher.current().ceilings.cpus === 2 || undefined);
    expect(watcher.lastIssues()).toEqual([]);
  });

  test('the policy in force is none before the first load, which throws what is wrong', () => {
    const { watcher } = keep('{');
    expect(watcher.current().file).toBeUndefined();
    expect(() => watcher.load()).toThrow(/cannot be used/);
  });
});
