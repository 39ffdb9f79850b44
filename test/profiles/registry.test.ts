import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { IssuesError } from '../../src/base/errors.ts';
import { matchEvent } from '../../src/profiles/match/match.ts';
import { createRegistry } from '../../src/profiles/read/registry.ts';
import { commentEvent } from '../support/github/flow-events.ts';
import { AGENT, checks, profilesDirectory, writeFiles } from '../support/profiles/profile-files.ts';

const GOOD = { trigger: { event: 'issue_comment', action: 'created' }, execution: AGENT };
const BAD = { ...GOOD, triger: {} };

function registryOf(dir: string) {
  const lines: { level: string; message: string; data: object }[] = [];
  const line = (level: string) => (data: object, message: string) =>
    void lines.push({ level, message, data });
  const log = { info: line('info'), warn: line('warn'), error: line('error') };
  const registry = createRegistry({ dir, checks, log, clock: systemClock });
  onTestFinished(() => registry.close());
  const winner = () => matchEvent(registry.current(), commentEvent()).winner?.profile.path;
  const isLogged = (level: string) => lines.some((each) => each.level === level);
  return { registry, winner, isLogged, lines };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('the registry', () => {
  test('the registry of profiles throws all errors of the first load, and has an empty set until one succeeds', async () => {
    const { registry, winner } = registryOf(
      profilesDirectory({ 'a/profile.json': BAD, 'b/profile.json': '{' }),
    );
    const error = await registry.load().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IssuesError);
    expect(error).toMatchObject({ code: 'profiles_invalid', blame: 'profile' });
    expect((error as IssuesError).issues.map(({ code }) => code)).toEqual([
      'profile_unknown_key',
      'profile_not_json',
    ]);
    expect(registry.lastIssues()).toEqual((error as IssuesError).issues);
    expect(winner()).toBeUndefined();
  });

  test('a missing directory stops the first load, an empty one too', async () => {
    const dir = profilesDirectory({ 'x.txt': '' });
    await expect(registryOf(dir).registry.load()).rejects.toThrow(/no profile\.json/);
    await expect(registryOf(join(dir, 'nowhere')).registry.load()).rejects.toThrow(/not there/);
  });

  test('the registry of profiles keeps the last good set when a later load has errors, says so, and takes the next good one', async () => {
    const dir = profilesDirectory({ 'a/profile.json': GOOD });
    const { registry, winner, isLogged } = registryOf(dir);
    await registry.load();
    expect([winner(), registry.lastIssues()]).toEqual(['a', []]);
    writeFiles(dir, { '0/profile.json': GOOD, 'b/profile.json': BAD });
    const before = registry.current();
    await registry.load();
    expect(registry.current()).toBe(before);
    expect(registry.lastIssues().map(({ code }) => code)).toEqual(['profile_unknown_key']);
    expect(isLogged('error')).toBe(true);
    writeFiles(dir, { 'b/profile.json': GOOD });
    await registry.load();
    expect([winner(), registry.lastIssues()]).toEqual(['0', []]);
  });

  test('the registry of profiles takes profiles into use whose triggers are warned of, and says so', async () => {
    const dir = profilesDirectory({
      'a/profile.json': GOOD,
      'b/profile.json': { ...GOOD, trigger: { event: 'isues' } },
    });
    const { registry, winner, lines } = registryOf(dir);
    await registry.load();
    expect([winner(), registry.lastIssues()]).toEqual(['a', []]);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: expect.stringContaining('triggers have warnings'),
        data: { count: 1, warnings: [expect.objectContaining({ code: 'trigger_event_unknown' })] },
      },
    ]);
  });

  test('the registry of profiles keeps the last good set while its directory is away', async () => {
    const dir = profilesDirectory({ 'profiles/a/profile.json': GOOD });
    const { registry, winner } = registryOf(join(dir, 'profiles'));
    await registry.load();
    renameSync(join(dir, 'profiles'), join(dir, 'away'));
    await registry.load();
    expect(winner()).toBe('a');
    expect(registry.lastIssues().map(({ code }) => code)).toEqual(['profiles_missing']);
  });

  test('honours the removal of the last profile', async () => {
    const dir = profilesDirectory({ 'a/profile.json': GOOD });
    const { registry, winner, isLogged } = registryOf(dir);
    await registry.load();
    rmSync(join(dir, 'a'), { recursive: true });
    await registry.load();
    expect(winner()).toBeUndefined();
    expect(isLogged('warn')).toBe(true);
    expect(registry.lastIssues().map(({ code }) => code)).toEqual(['profiles_empty']);
  });

  test('the registry of profiles follows changes: new folders, changed files, errors, removals', async () => {
    const dir = profilesDirectory({ 'm/profile.json': GOOD });
    const { registry, winner } = registryOf(dir);
    await registry.load();
    registry.watch();
    writeFiles(dir, { 'deep/er/profile.json': GOOD });
    await soon(() => expect(winner()).toBe('deep/er'));
    writeFiles(dir, { 'deep/er/profile.json': BAD });
    await soon(() => expect(registry.lastIssues()).toHaveLength(1));
    expect(winner()).toBe('deep/er');
    writeFiles(dir, { 'deep/er/profile.json': { ...GOOD, trigger: { event: 'push' } } });
    await soon(() => expect(winner()).toBe('m'));
    rmSync(join(dir, 'm'), { recursive: true });
    await soon(() => expect(winner()).toBeUndefined());
  });

  test('the registry of profiles follows changes also where the directory is reached by a link', async () => {
    const dir = profilesDirectory({ 'real/m/profile.json': GOOD });
    symlinkSync('real', join(dir, 'link'));
    const { registry, winner } = registryOf(join(dir, 'link'));
    await registry.load();
    registry.watch();
    for (const path of ['b', 'a']) {
      writeFiles(dir, { [`real/${path}/profile.json`]: GOOD });
      await soon(() => expect(winner()).toBe(path));
    }
  });

  test('many changes at once are one reload', async () => {
    const dir = profilesDirectory({ 'm/profile.json': GOOD });
    const { registry, winner, lines } = registryOf(dir);
    await registry.load();
    registry.watch();
    for (let index = 0; index < 50; index += 1) writeFiles(dir, { [`a${index}/profile.json`]: GOOD });
    await soon(() => expect(winner()).toBe('a0'));
    await soon(() => expect(registry.current().candidates).toHaveLength(51));
    expect(lines.length).toBeLessThan(6);
  });

  test('loads at the same time run one after the other, and the last one decides', async () => {
    const dir = profilesDirectory({ 'a/profile.json': GOOD });
    const { registry, winner } = registryOf(dir);
    const loads = [registry.load(), registry.load()];
    writeFiles(dir, { '0/profile.json': GOOD });
    await Promise.all([...loads, registry.load()]);
    expect(winner()).toBe('0');
  });

  test('after close nothing follows any more', async () => {
    const dir = profilesDirectory({ 'a/profile.json': GOOD });
    const { registry, winner } = registryOf(dir);
    await registry.load();
    registry.watch();
    await registry.close();
    writeFiles(dir, { '0/profile.json': GOOD });
    await systemClock.sleep(700);
    expect(winner()).toBe('a');
  });
});
