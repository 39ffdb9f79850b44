import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { FlowError } from '../../base/errors.ts';
import type { AppApi, Installation } from '../../github/app-api.ts';
import { appName, type StoredApp } from './record.ts';

/** Which installation of one App serves a repository; each is asked once and remembered for a while. */
export type Installations = {
  /** Undefined when the App is not installed there. `fresh` asks GitHub whatever is remembered. */
  find(repository: string, fresh?: boolean): Promise<Installation | undefined>;
  /** The next look at each asks GitHub. */
  forget(): void;
  /** Whether the App was ever found on the repository. */
  wasFound(repository: string): boolean;
};

/** How long an answer counts; that there is none counts briefly, for somebody is about to change it. */
const FOUND_MS = 5 * 60_000;
const NONE_MS = 20_000;

const MAX_REMEMBERED = 1_000;

/** Asks `api` for the installations of `app`. An App that was added with an installation id serves by this one alone. */
export function createInstallations(app: StoredApp, api: AppApi, clock: Clock): Installations {
  const found = new Set<string>();

  const ask = async (repository: string): Promise<Installation | undefined> => {
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
      const installation = await ask(repository);
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
