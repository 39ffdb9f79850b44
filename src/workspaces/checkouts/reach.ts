import { statSync } from 'node:fs';
import { ancestors, type Owner } from '../../base/files.ts';

/** Whether a process of `owner`, without further groups, may pass through every directory down to `path`. */
export function canReach(path: string, owner: Owner): boolean {
  for (const directory of ancestors(path)) {
    const { mode, uid, gid } = statSync(directory);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
  }
  return true;
}
