import { join } from 'node:path';
import { type Owner, writeAtomic } from '../../base/files.ts';
import type { GitHubToken } from '../../credentials/github/github-tokens.ts';
import type { RunPaths } from '../paths.ts';

/** The name of the file below `/run/github-flows`; `scripts/git-credential.sh` reads it. */
const NAME = 'token-end';

/**
 * Writes when the token that a run was just handed ends, in seconds since 1970; nothing for one of which nobody knows. The
 * helper in the container is silent from then on, so that the helpers after it are asked. It comes after the token: a
 * renewed one counts as ended for that moment, and an ended one never as good.
 */
export async function writeTokenEnd(
  { files }: Pick<RunPaths, 'files'>,
  { expiresAt }: Pick<GitHubToken, 'expiresAt'>,
  owner: Owner,
): Promise<void> {
  const content = expiresAt === null ? '' : `${Math.floor(expiresAt / 1000)}\n`;
  await writeAtomic(join(files, NAME), content, { mode: 0o644, owner });
}
