import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Patience } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../log/logger.ts';
import { commitNotFound, refNotFound, repositoryEmpty, repositoryIdRefused } from '../errors.ts';
import { type Progress, runGit } from '../git.ts';
import { REPOSITORY_LIMITS, type RepositoryLimits } from '../git-limits.ts';
import { createRemotes, type Remote, type Repository, whileYoung } from '../remote.ts';
import { apartStore } from './apart.ts';
import { type Branches, readBranches } from './branches.ts';
import { createFetchQueue, type FetchRequest } from './fetch-queue.ts';
import { updateMirror } from './update-mirror.ts';
import {
  ALWAYS,
  type FetchTarget,
  fetchTarget,
  type ResolvedCommit,
  resolveTarget,
  type WantedCommit,
} from './wanted-commit.ts';

/**
 * A commit that is here now; `ref` is the full name it was found by, or the commit where there was none. `mirror` is
 * the repository that has it: the mirror, or a store beside it for what is on none of its branches and tags.
 */
export type Fetched = ResolvedCommit & { mirror: string };

/**
 * The bare copies of repositories, one for each of GitHub's repository ids; no container ever sees them.
 *
 * `fetch` brings the wanted commit into the repository's mirror, making the mirror if need be. It may be called any
 * number of times at once: one fetch runs at a time for each repository, and callers that wait share the next one.
 * A wanted `sha` that is there already needs no request. A caller that leaves by `signal` stops the fetch only if it was
 * the last. The next fetch removes whatever a killed one left.
 *
 * Throws `repository_unreachable`, `repository_login_refused`, `repository_forbidden`, `repository_not_found`,
 * `repository_empty`, `ref_not_found`, `commit_not_found`, `fetch_failed`, `disk_full`, `repository_over_limits`,
 * `repository_sha256_unsupported`, and `name_refused`, `repository_id_refused`, `ref_refused`, `commit_refused` for what
 * never reaches git.
 */
export type Mirrors = {
  fetch(
    repository: Repository,
    want: WantedCommit,
    options?: {
      signal?: AbortSignal;
      onProgress?: (progress: Progress) => void;
      /** The `mirror` of another commit, so that a store there is the one that both are in. */
      beside?: string;
    },
  ): Promise<Fetched>;
  /** The branches that the server has now: each call asks it. Throws the same codes, without those about a commit or ref that is not found. */
  branches(
    repository: Repository,
    options?: { signal?: AbortSignal },
  ): Promise<{ mirror: string; branches: Branches }>;
};

/** What mirrors are made from; `dir` is made at need, for the service's user alone. */
export type MirrorParts = {
  dir: string;
  serverUrl: string;
  clock: Clock;
  log: Logger;
  /** A git environment that reaches the repository (a credential helper); never a token itself. */
  credentialEnv: (repository: Repository) => Promise<Record<string, string>>;
  /** Releases what `credentialEnv` gave, when its command has ended. */
  releaseCredential?: (env: Record<string, string>) => Promise<void>;
  /** What `gitHostEnvironment` picked from the service's environment. */
  hostEnv?: Readonly<Record<string, string>>;
  /** Masks secrets in git’s output. */
  redact?: (text: string) => string;
  limits?: RepositoryLimits;
  /** Seconds without a byte after which a transfer is given up; a minute unless set. */
  stallSec?: number;
  /** Whether the credential of a repository is so new that the server may not know it everywhere yet. */
  young?: Patience<Repository>;
};

/** What one caller wants of a fetch. */
type RequestOptions = Pick<FetchRequest<Subject>, 'requests' | 'signal' | 'onProgress'>;

/** What the next fetch of a mirror is about. */
type Subject = { repository: Repository; mirror: string; remote: Remote };

/** Throws `server_url_refused` for an address that is not plain https, http or file. */
export function createMirrors(parts: MirrorParts): Mirrors {
  const { limits = REPOSITORY_LIMITS } = parts;
  const mask = parts.redact ?? ((text: string) => text);
  const remoteOf = createRemotes({
    serverUrl: parts.serverUrl,
    credentialEnv: parts.credentialEnv,
    ...(parts.releaseCredential && { releaseCredential: parts.releaseCredential }),
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
      updateMirror({ mirror, remote, limits, job, mask, clock: parts.clock }),
    );
    const fields = {
      repository: `${repository.owner}/${repository.name}`,
      ms: parts.clock.now() - startedAt,
    };
    if (remade) parts.log.warn(fields, 'a mirror was damaged, and was made anew');
    else parts.log.debug(fields, 'fetched into the mirror');
  });
  const subjectOf = (repository: Repository): Subject => {
    if (!Number.isSafeInteger(repository.id) || repository.id <= 0) throw repositoryIdRefused(repository.id);
    return { repository, mirror: join(parts.dir, `${repository.id}.git`), remote: remoteOf(repository) };
  };
  const request = async (subject: Subject, kind: string, how: RequestOptions): Promise<void> => {
    const { id, tokenFile, appSecret } = subject.repository;
    const credential = appSecret ? `secret ${appSecret.profile} ${appSecret.name}` : (tokenFile ?? '');
    const { requests, signal, onProgress } = how;
    await update({
      key: String(id),
      kind: `${kind} ${subject.mirror} ${credential}`,
      subject,
      requests,
      signal,
      onProgress,
    });
  };
  // Retention removes the mirror first whose last use is longest ago.
  const touch = async (mirror: string): Promise<void> => {
    const now = parts.clock.now() / 1000;
    await utimes(mirror, now, now);
  };
  return {
    async fetch(repository, want, options = {}) {
      const subject = subjectOf(repository);
      const { mirror, remote } = subject;
      const target = fetchTarget(want);
      const own = target.apart && apartStore(mirror, target.apart.key);
      const store = options.beside === undefined || options.beside === mirror ? own : options.beside;
      const fetchTo: Search['fetchTo'] = async (place, kind, requests) => {
        const { signal, onProgress } = options;
        if (requests.length === 0) return;
        await request({ ...subject, mirror: place }, kind, { requests, signal, onProgress });
      };
      const found = await find({ target, mirror, store, fetchTo });
      if (!found) throw await notThere(mirror, remote.url, target);
      for (const place of new Set([mirror, found.mirror])) await touch(place);
      return found;
    },
    async branches(repository, { signal } = {}) {
      const subject = subjectOf(repository);
      const { mirror } = subject;
      await request(subject, 'refs', { requests: ALWAYS, signal, onProgress: undefined });
      await touch(mirror);
      return { mirror, branches: await readBranches(mirror, signal) };
    },
  };
}

type Search = {
  target: FetchTarget;
  mirror: string;
  store: string | undefined;
  fetchTo: (place: string, kind: string, requests: readonly string[]) => Promise<void>;
};

/** Looks in the mirror first where one commit is wanted; then fetches refs, and at last the commit by its id. */
async function find(search: Search): Promise<Fetched | undefined> {
  const { target, store, fetchTo } = search;
  const { commit } = target;
  const known = commit === undefined ? undefined : await look(search);
  if (known) return known;
  await fetchTo(search.mirror, 'refs', target.requests);
  if (store !== undefined) await fetchTo(store, 'refs', target.apart?.requests ?? []);
  const found = await look(search);
  if (found || commit === undefined || store === undefined) return found;
  // What no branch or tag leads to may still be given by its own id, as GitHub does.
  await fetchTo(store, `commit ${commit}`, [`+${commit}:refs/commits/${commit}`]);
  return await look(search);
}

/** A commit that the mirror itself has is taken from there; refs of a store are its own. */
async function look({ target, mirror, store }: Search): Promise<Fetched | undefined> {
  const ofMirror = await resolveTarget(mirror, target);
  if (ofMirror) return { ...ofMirror, mirror };
  const ofStore = store === undefined ? undefined : await resolveTarget(store, target);
  return ofStore && store !== undefined ? { ...ofStore, mirror: store } : undefined;
}

async function notThere(mirror: string, url: string, target: FetchTarget): Promise<Error> {
  if (await isEmptyMirror(mirror)) return repositoryEmpty(url);
  if (target.commit !== undefined) return commitNotFound(url, target.commit);
  return refNotFound(url, target.names[0] ?? 'HEAD');
}

/** Whether the mirror holds no ref at all. */
async function isEmptyMirror(mirror: string): Promise<boolean> {
  const { exitCode, stdout } = await runGit([`--git-dir=${mirror}`, 'for-each-ref', '--count=1']);
  return exitCode === 0 && stdout === '';
}
