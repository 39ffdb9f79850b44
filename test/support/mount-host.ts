import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MountHost } from '../../src/mounts/mount.ts';

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
