import { createAppAuth } from '@octokit/auth-app';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError } from '../../base/errors.ts';
import type { AppApi, Installation, MintedToken } from '../../github/app-api.ts';
import type { SignIn } from '../../github/client.ts';
import { installationSuspended, permissionMissing, repositoryNotReached } from './errors.ts';
import { matchPermissions } from './permissions.ts';
import { appName, type StoredApp } from './record.ts';

/** What a token is to be good for. `exact`: a permission that is not there is an error. */
export type TokenWant = {
  repository: string;
  permissions: Readonly<Record<string, string>>;
  exact: boolean;
};

/** Issues that may come from an installation that has changed since it was looked at. */
const STALE = new Set([
  'app_installation_suspended',
  'app_permission_missing',
  'app_permissions_not_accepted',
  'app_installation_gone',
  'app_request_refused',
  'app_refused',
]);

/**
 * Mints one token, for one repository and the wanted permissions alone; undefined when the App is not
 * installed there. A refusal counts only after a fresh look at the installation, so that what somebody
 * has just fixed counts. Throws the `app_…` codes and those of `GitHubClient`.
 */
export async function mintToken(
  name: string,
  { api, installations }: { api: AppApi; installations: Installations },
  want: TokenWant,
): Promise<MintedToken | undefined> {
  const known = await installations.find(want.repository);
  if (!known) return undefined;
  try {
    return await mintFrom(name, api, known, want);
  } catch (error) {
    if (!STALE.has(asFlowError(error).code)) throw error;
  }
  const fresh = await installations.find(want.repository, true);
  if (!fresh) return undefined;
  try {
    return await mintFrom(name, api, fresh, want);
  } catch (error) {
    throw explained(name, want, asFlowError(error));
  }
}

async function mintFrom(
  name: string,
  api: AppApi,
  installation: Installation,
  { repository, permissions, exact }: TokenWant,
): Promise<MintedToken> {
  if (installation.suspendedAt !== null) throw installationSuspended(name, installation);
  const { granted, missing } = matchPermissions(permissions, installation.permissions);
  if (exact && missing.length > 0) throw permissionMissing(name, repository, missing, installation);
  return await api.mint({
    installation: installation.id,
    settingsUrl: installation.url,
    repository: repository.split('/')[1] ?? '',
    permissions: granted,
  });
}

/** Only permissions that the installation has were requested, so a refusal is about the repository. */
function explained(name: string, { repository }: TokenWant, issue: FlowError): FlowError {
  return issue.code === 'app_request_refused' ? repositoryNotReached(name, repository, issue) : issue;
}

/** Which installation of one App serves a repository; each answer is remembered for a while. */
export type Installations = {
  /** Undefined when the App is not installed there. `fresh` asks GitHub in any case. */
  find(repository: string, fresh?: boolean): Promise<Installation | undefined>;
  /** Forgets all answers. */
  forget(): void;
  /** Whether the App was ever found on the repository. */
  wasFound(repository: string): boolean;
};

/** How long an answer is remembered; “not installed” only briefly, because somebody may be about to install it. */
const FOUND_MS = 5 * 60_000;
const NONE_MS = 20_000;

const MAX_REMEMBERED = 1_000;

/** Asks `api` for the installations of `app`. An App that was added with an installation id serves by this one alone. */
export function createInstallations(app: StoredApp, api: AppApi, clock: Clock): Installations {
  const found = new Set<string>();

  const lookUp = async (repository: string): Promise<Installation | undefined> => {
    const [owner = '', name = '', ...rest] = repository.split('/');
    const answer = await api.installationOf(owner, rest.length === 0 ? name : repository);
    if (app.installationId === null || answer?.id === app.installationId) return answer;
    if (!answer && !(await api.installation(app.installationId)))
      throw installationGone(appName(app), app.installationId);
    return undefined;
  };

  const remembered = new LRUCache<string, { installation: Installation | undefined }, string>({
    max: MAX_REMEMBERED,
    ttl: FOUND_MS,
    ttlResolution: 0,
    perf: clock,
    ignoreFetchAbort: true,
    async fetchMethod(key, _stale, { context: repository, options }) {
      const installation = await lookUp(repository);
      if (installation) found.add(key);
      else options.ttl = NONE_MS;
      return { installation };
    },
  });

  return {
    async find(repository, fresh = false) {
      const answer = await remembered.fetch(repository.toLowerCase(), {
        context: repository,
        forceRefresh: fresh,
      });
      return answer?.installation;
    },
    forget: () => remembered.clear(),
    wasFound: (repository) => found.has(repository.toLowerCase()),
  };
}

function installationGone(name: string, id: number): FlowError {
  return new FlowError({
    code: 'app_installation_gone',
    blame: 'operator',
    message: `GitHub knows no installation ${id} of the App ${name}: it was removed.`,
    hint: `Install the App again on GitHub, then add it again with the new --installation-id, or with --installation-id any; \`github-flows app test ${name}\` lists what is there.`,
  });
}

/**
 * How requests are signed as an App: by its client id or App id and its key, with a token of ten minutes, and once more
 * by GitHub's clock when GitHub finds ours off. Tokens of installations are not taken from the library: its cache and
 * its single flight separate neither Apps nor hosts (https://github.com/octokit/auth-app.js, get-installation-authentication).
 */
export function signInAs(app: StoredApp): SignIn {
  return {
    authStrategy: createAppAuth,
    auth: { appId: app.signsAs, privateKey: app.privateKey.reveal() },
  };
}
