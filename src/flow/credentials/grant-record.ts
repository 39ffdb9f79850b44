import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Owner, writeAtomic } from '../../base/files.ts';
import type { Permissions } from '../../credentials/github/github-tokens.ts';
import type { AppSecret } from '../../credentials/github-app/record.ts';
import type { RunPaths } from '../paths.ts';

/** What a run's GitHub token is renewed by, also after a restart of the service; kept where no container sees it. */
export type GrantRecord = {
  repository: string;
  permissions: Permissions;
  /** Read where no App serves the repository. */
  tokenFile: string;
  /** The secret whose App alone gives the token; absent where the profile names none. */
  appSecret?: AppSecret;
  /** Whose the file in the run's secrets directory is. */
  owner: Owner;
  /** Of the run's bearer for the runtime listener; null when that was off. */
  bearerHash: string | null;
};

/** Remembers a grant; it is forgotten with the run's home. */
export async function recordGrant(paths: Pick<RunPaths, 'home'>, grant: GrantRecord): Promise<void> {
  await writeAtomic(recordFile(paths), JSON.stringify(grant), { mode: 0o600 });
}

/** What was remembered, or undefined for a run that was granted no token, or is over. */
export async function readGrant(paths: Pick<RunPaths, 'home'>): Promise<GrantRecord | undefined> {
  const text = await readFile(recordFile(paths), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as GrantRecord);
}

function recordFile(paths: Pick<RunPaths, 'home'>): string {
  return join(paths.home, 'grant.json');
}
