import type { Logger } from '../../log/logger.ts';
import type { MountHost } from '../../mounts/mount.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import { mainMirror } from '../../workspaces/mirrors/apart.ts';
import { type Branches, readBranches } from '../../workspaces/mirrors/branches.ts';
import type { Mirrors } from '../../workspaces/mirrors/mirror.ts';
import { credentialSource } from '../github/github-credential.ts';

/** What asking for branches takes from the rest of the service. */
type BranchParts = { mirrors: Pick<Mirrors, 'branches'>; mountHost: Pick<MountHost, 'secretsDir'> };

/** How long the end of a run waits for its repository. */
const PATIENCE_MS = 60_000;

/** The branches that the repository of a run has now, fetched with the profile's credential. Throws the codes of `Mirrors.branches`. */
export async function branchesOfRun(
  { mirrors, mountHost }: BranchParts,
  { run, profile }: { run: Run; profile: Profile },
  signal: AbortSignal,
): Promise<Branches> {
  const [owner = '', name = ''] = run.repository.split('/');
  const repository = {
    id: run.repositoryId,
    owner,
    name,
    ...credentialSource(profile, mountHost.secretsDir),
  };
  const { branches } = await mirrors.branches(repository, { signal });
  return branches;
}

/** The same for commits that are only kept: without an answer of the server, the branches of the last fetch. Only the main mirror has branches. */
export async function lastBranches(
  parts: BranchParts & { log: Logger },
  { run, profile, mirror }: { run: Run; profile: Profile; mirror: string },
): Promise<Branches> {
  try {
    return await branchesOfRun(parts, { run, profile }, AbortSignal.timeout(PATIENCE_MS));
  } catch (error) {
    parts.log.warn(
      { err: error, run: run.id },
      'branches could not be fetched, those of the last fetch are used',
    );
    return await readBranches(mainMirror(mirror));
  }
}
