import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AGENTS } from '../../../src/compose/agents.ts';
import { parseDockerArgs } from '../../../src/mounts/flags/docker-args.ts';
import type { CheckedMount, MountArg, MountHost } from '../../../src/mounts/mount.ts';
import { checkMounts } from '../../../src/mounts/rules/check.ts';

/** A host of its own below a temporary directory: two homes, the application in one of them. `remove` takes all away. */
export function makeMountHost(): { root: string; host: MountHost; remove: () => void } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gf-mounts-')));
  const app = join(root, 'home/user/app/github-flows');
  const host: MountHost = {
    homes: [join(root, 'root'), join(root, 'home/user')],
    secretsDir: join(root, 'home/user/.secrets'),
    varDir: join(app, 'var'),
    workspaceRoot: join(app, 'var/work'),
    runDir: join(app, 'var/run'),
    appDirs: [app],
    trustedUids: [process.getuid?.() ?? 0],
    inContainer: false,
    agents: AGENTS,
  };
  for (const directory of [
    join(root, 'root'),
    host.secretsDir,
    host.workspaceRoot,
    host.runDir,
    join(root, 'srv/data'),
  ]) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  }
  return { root, host, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Mounts of dockerArgs; these must parse. */
export function mountsOf(...args: string[]): readonly MountArg[] {
  const { parsed, problems } = parseDockerArgs(args);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return parsed.mounts;
}

/** One bind by `--mount`, read-only unless `rest` says otherwise. */
export function bindOf(source: string, target: string, rest = ',readonly'): readonly MountArg[] {
  return mountsOf('--mount', `type=bind,src=${source},dst=${target}${rest}`);
}

/** The codes of the problems with one bind. */
export function codesOfBind(host: MountHost, ...bind: Parameters<typeof bindOf>): string[] {
  return checkMounts(bindOf(...bind), host).problems.map(({ code }) => code);
}

/** One bind that must be without a problem, as it was checked. */
export function checkedBind(host: MountHost, ...bind: Parameters<typeof bindOf>): CheckedMount | undefined {
  const { mounts, problems } = checkMounts(bindOf(...bind), host);
  expect(problems).toEqual([]);
  return mounts[0];
}
