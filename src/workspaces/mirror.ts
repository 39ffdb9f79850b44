import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Patience } from '../base/clock.ts';
import type { Logger } from '../log/logger.ts';
import { commitNotFound, refNotFound, repositoryEmpty, repositoryIdRefused } from './errors.ts';
import { createFetchQueue } from './fetch-queue.ts';
import type { Progress } from './progress.ts';
import { createRemotes, type Remote, type Repository } from './remote.ts';
import { type Found, isEmptyMirror, resolveTarget } from './resolve.ts';
import { updateMirror } from './update-mirror.ts';
import { type Target, targetOf, type Want } from './want.ts';
import { whileYoung } from './young.ts';

/** A commit that is now in the mirror; `ref` is the full name it was found by, or the commit where there was none. */
export type Fetched = Found & { mirror: string };

/**
 * The bare copies of repositories, one for each of GitHub's repository ids; no container ever sees them.
 *
 * `fetch` brings the wanted commit into the repository's mirror, making the mirror if need be. It may be called any
 * number of times at once: one fetch runs at a time for each repository, and callers that wait share the next one.
 * A wanted `sha` that is there already asks nobody. A caller that leaves by `signal` stops the fetch only if it was
 * the last. A fetch that was killed leaves nothing that the next one does not mend.
 *
 * Throws `repository_unreachable`, `repository_login_refused`, `repository_forbidden`, `repository_not_found`,
 * `repository_empty`, `ref_not_found`, `commit_not_found`, `fetch_failed`, `disk_full`, and `name_refused`,
 * `repository_id_refused`, `ref_refused`, `commit_refused` for what never reaches git.
 */
export type Mirrors = {
  fetch(
    repository: Repository,
    want: Want,
    options?: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
  ): Promise<Fetched>;
};

/** What mirrors are made from; `dir` is made at need, for the service's user alone. */
export type MirrorParts = {
  dir: string;
  serverUrl: string;
  clock: Clock;
  log: Logger;
  /** A git environment that reaches the repository (a credential helper); never a token itself. */
  credentialEnv: (repository: Repository) => Promise<Record<string, string>>;
  /** What `gitHostEnvironment` picked from the service's environment. */
  hostEnv?: Readonly<Record<string, string>>;
  /** Hides secrets in what git said. */
  redact?: (text: string) => string;
  /** Seconds without a byte after which a transfer is given up; a minute unless set. */
  stallSec?: number;
  /** Whether the credential of a repository is so new that the server may not know it everywhere yet. */
  young?: Patience<Repository>;
};

/** What the next fetch of a mirror is about. */
type Subject = { repository: Repository; mirror: string; remote: Remote };

/** Throws `server_url_refused` for an address that is not plain https, http or file. */
export function createMirrors(parts: MirrorParts): Mirrors {
  const mask = parts.redact ?? ((text: string) => text);
  const remoteOf = createRemotes({
    serverUrl: parts.serverUrl,
    credentialEnv: parts.credentialEnv,
    hostEnv: parts.hostEnv ?? {},
    cwd: parts.dir,
    stallSec: parts.stallSec ?? 60,
    mask,
    ...(parts.young && { young: parts.young }),
  });
  const update = createFetchQueue<Subject>(async (job) => {
    const { repository, mirror, remote } = job.subject;
    const startedAt = parts.clock.now();
    const remade = await whileYoung(remote, job.signal, () =>
      updateMirror({ dir: parts.dir, mirror, remote, job, mask }),
    );
    const told = { repository: `${repository.owner}/${repository.name}`, ms: parts.clock.now() - startedAt };
    if (remade) parts.log.warn(told, 'a mirror was damaged, and was made anew');
    else parts.log.debug(told, 'fetched into the mirror');
  });
  return {
    async fetch(repository, want, options = {}) {
      if (!Number.isSafeInteger(repository.id) || repository.id <= 0)
        throw repositoryIdRefused(repository.id);
      const target = targetOf(want);
      const remote = remoteOf(repository);
      const mirror = join(parts.dir, `${repository.id}.git`);
      const ask = async (kind: string, requests: readonly string[]): Promise<Found | undefined> => {
        const subject: Subject = { repository, mirror, remote };
        const { signal, onProgress } = options;
        const key = String(repository.id);
        await update({
          key,
          kind: `${kind} ${repository.tokenFile ?? ''}`,
          subject,
          requests,
          signal,
          onProgress,
        });
        return await resolveTarget(mirror, target);
      };
      const known = target.commit === undefined ? undefined : await resolveTarget(mirror, target);
      const found = known ?? (await ask('refs', target.requests)) ?? (await askForCommit(target, ask));
      if (found) {
        // How long nobody asked for it tells retention which mirror goes first.
        const now = parts.clock.now() / 1000;
        await utimes(mirror, now, now);
        return { ...found, mirror };
      }
      throw await notThere(mirror, remote.url, target);
    },
  };
}

/** A commit that no branch or tag leads to may still be given by its own id, as GitHub does. */
async function askForCommit(
  { commit }: Target,
  ask: (kind: string, requests: readonly string[]) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  if (commit === undefined) return undefined;
  return await ask(`commit ${commit}`, [`+${commit}:refs/commits/${commit}`]);
}

async function notThere(mirror: string, url: string, target: Target): Promise<Error> {
  if (await isEmptyMirror(mirror)) return repositoryEmpty(url);
  if (target.commit !== undefined) return commitNotFound(url, target.commit);
  return refNotFound(url, target.names[0] ?? 'HEAD');
}
