import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkPlanMounts } from '../../src/mounts/rules/check.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';

let root: string;
let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
});
afterEach(() => remove());

const at = (...names: string[]): string => join(root, ...names);
const coded = (code: string) => expect.objectContaining({ code });

describe('the final plan', () => {
  const own = () => [join(host.workspaceRoot, 'owner/.docker/run1'), join(host.runDir, 'run1')];
  const plan = (source: string, target = '/data') => checkPlanMounts([{ source, target }], host, own());
  beforeEach(() => {
    for (const directory of own()) mkdirSync(join(directory, 'repo'), { recursive: true });
  });

  test('the final plan holds nothing writable of the host, whatever was checked before', () => {
    const bind = { source: at('srv/data'), target: '/data' };
    checkPlanMounts([{ ...bind, readOnly: true }], host, own());
    expect(() => checkPlanMounts([{ ...bind, readOnly: false }], host, own())).toThrow(
      coded('mount_writable'),
    );
  });

  test("the final plan may hold the run's own directories, and those alone, of what the service keeps", () => {
    for (const directory of own()) plan(directory, '/workspace');
    plan(join(own()[1] ?? '', 'repo'), '/etc/profile.d/github-flows.sh');
    for (const path of [
      host.varDir,
      host.workspaceRoot,
      host.runDir,
      join(host.workspaceRoot, 'owner'),
      join(host.workspaceRoot, 'owner/.docker/run10'),
      join(host.runDir, 'run2'),
      `${own()[0]}/../run2`,
      join(host.varDir, 'github-flows.db'),
      ...host.appDirs,
    ]) {
      expect(() => plan(path)).toThrow(coded('mount_denied'));
    }
  });

  test("the final plan refuses a run's own directory that has become a link, or that is reached through one inside it", () => {
    const [workspace = ''] = own();
    symlinkSync('/etc', join(workspace, 'link'));
    expect(() => plan(join(workspace, 'link'))).toThrow(coded('mount_denied'));
    renameSync(join(workspace, 'repo'), join(workspace, 'moved'));
    symlinkSync(at('srv/data'), join(workspace, 'repo'));
    expect(() => plan(join(workspace, 'repo'))).toThrow(coded('mount_denied'));
    rmSync(workspace, { recursive: true });
    symlinkSync(host.varDir, workspace);
    expect(() => plan(workspace)).toThrow(coded('mount_denied'));
  });

  test('the final plan finds its own directories when the service itself is reached through a link', () => {
    symlinkSync(host.varDir, at('var-link'));
    const linked = { ...host, varDir: at('var-link'), workspaceRoot: at('var-link/work') };
    const workspace = at('var-link/work/owner/.docker/run1');
    checkPlanMounts([{ source: workspace, target: '/workspace' }], linked, [workspace]);
    expect(() =>
      checkPlanMounts([{ source: at('var-link/work/owner'), target: '/x' }], linked, [workspace]),
    ).toThrow(coded('mount_denied'));
  });

  test('the final plan never binds a credential, not even one that a profile may mount', () => {
    writeFileSync(join(host.secretsDir, 'gh-token'), 'x');
    expect(() => plan(join(host.secretsDir, 'gh-token'))).toThrow(coded('mount_denied'));
    writeFileSync(at('srv/data/auth.json'), '{}');
    expect(() => plan(at('srv/data'))).toThrow(coded('mount_credential_bound'));
  });

  test('binds what was checked, and nothing that has changed since', () => {
    plan(at('srv/data'));
    symlinkSync(at('srv/data'), at('srv/link'));
    expect(() => plan(at('srv/link'))).toThrow(coded('mount_source_changed'));
    expect(() => plan(at('srv/gone'))).toThrow(coded('mount_source_missing'));
    expect(() => plan(at('srv/data'), '/etc')).toThrow(coded('mount_target_denied'));
    rmSync(at('srv/data'), { recursive: true });
    symlinkSync('/etc', at('srv/data'));
    expect(() => plan(at('srv/data'))).toThrow(coded('mount_denied'));
  });
});
