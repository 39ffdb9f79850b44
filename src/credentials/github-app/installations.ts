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

const MAX_REMEMBERED = 10_000;

/** Asks `api` for the installations of `app`. An App that was added with an installation id serves by this one alone. */
export function createInstallations(app: StoredApp, api: AppApi, clock: Clock): Installations {
  const remembered = new Map<string, { answer: Promise<Installation | undefined>; until: number }>();
  const found = new Set<string>();

  const ask = async (repository: string): Promise<Installation | undefined> => {
    const [owner = '', name = '', ...rest] = repository.split('/');
    const answer = await api.installationOf(owner, rest.length === 0 ? name : repository);
    if (app.installationId === null || answer?.id === app.installationId) return answer;
    if (!answer && !(await api.installation(app.installationId)))
      throw installationGone(appName(app), app.installationId);
    return undefined;
  };

  const remember = (key: string, repository: string): Promise<Installation | undefined> => {
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const entry = { answer: ask(repository), until: Number.POSITIVE_INFINITY };
    remembered.set(key, entry);
    entry.answer.then(
      (installation) => {
        entry.until = clock.now() + (installation ? FOUND_MS : NONE_MS);
        if (installation) found.add(key);
      },
      () => {
        if (remembered.get(key) === entry) remembered.delete(key);
      },
    );
    return entry.answer;
  };

  return {
    async find(repository, fresh = false) {
      const key = repository.toLowerCase();
      const known = remembered.get(key);
      const isPending = known?.until === Number.POSITIVE_INFINITY;
      if (known && (isPending || (!fresh && clock.now() < known.until))) return await known.answer;
      return await remember(key, repository);
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
