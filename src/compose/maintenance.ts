import { LRUCache } from 'lru-cache';
import { systemClock as clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import { signInAs } from '../credentials/github-app/mint.ts';
import { appName } from '../credentials/github-app/record.ts';
import { createGitHubClient } from '../github/client.ts';
import { type HookedRepository, hookSources } from '../maintenance/hook-sources.ts';
import type { RedeliveryParts, Source } from '../maintenance/redeliver.ts';
import { type RedeliveryLoop, type Sources, startRedelivery } from '../maintenance/redelivery-loop.ts';
import { createRedeliveryStore } from '../maintenance/redelivery-store.ts';
import { startRetention } from '../maintenance/retention.ts';
import { namedRepositories, type ProfileSet } from '../profiles/match/match.ts';
import { createPublicationStore } from '../runs/outbox/publication-store.ts';
import { createOutputStore } from '../runs/store/output-store.ts';
import { composeClients } from './host.ts';
import type { Resources } from './resources.ts';

/** What maintenance stands on: a whole service, or a command. */
type MaintenanceResources = Pick<Resources, 'config' | 'db' | 'deliveries' | 'apps' | 'log'>;

/** Starts removing what is old. */
export function composeRetention(
  resources: Pick<Resources, 'config' | 'db' | 'deliveries' | 'runs' | 'log'>,
) {
  const { config, db, deliveries, runs, log } = resources;
  const outputs = createOutputStore(db);
  const publications = createPublicationStore(db, clock);
  return startRetention({
    varDir: config.varDir,
    workspaceRoot: config.workspaceRoot,
    keep: config.maintenance.keep,
    deliveries,
    runs,
    outputs,
    publications,
    clock,
    log,
  });
}

/** Starts looking for what never arrived, unless REDELIVER_MISSED is off. */
export function composeRedelivery(
  resources: MaintenanceResources,
  profiles: () => ProfileSet,
): RedeliveryLoop | undefined {
  const { enabled, everyMs, backMs } = resources.config.maintenance.redeliver;
  if (!enabled) return undefined;
  const sources = async (): Promise<Sources> => await sourcesOf(resources, profiles());
  return startRedelivery({
    ...redeliveryParts(resources),
    sources,
    everyMs,
    backMs,
    clock,
    log: resources.log,
  });
}

/** What one comparison works with. */
export function redeliveryParts({
  db,
  deliveries,
}: Pick<MaintenanceResources, 'db' | 'deliveries'>): RedeliveryParts {
  return {
    deliveries,
    requests: createRedeliveryStore(db, clock),
    clock,
    pages: new LRUCache({ max: MAX_LISTS }),
  };
}

/** The newest page of so many lists is kept. */
const MAX_LISTS = 1_000;

/** Every App's list, and those of the hooks of repositories that profiles name. */
export async function sourcesOf(resources: MaintenanceResources, profiles: ProfileSet): Promise<Sources> {
  const { config, apps, deliveries, log } = resources;
  const clientFor = composeClients(config, apps.tokens, log);
  const repositories: HookedRepository[] = [...namedRepositories(profiles)].map(([repository, profile]) => ({
    repository,
    client: clientFor(profile, repository, 'hooks'),
  }));
  const own = { publicUrl: config.publicUrl, heardOf: await deliveries.hooks() };
  const hooks = await hookSources(repositories, own);
  const ofApps = await appSources(resources);
  return {
    sources: [...ofApps.sources, ...hooks.sources],
    problems: [...ofApps.problems, ...hooks.problems],
  };
}

async function appSources({ apps, log }: MaintenanceResources): Promise<Sources> {
  try {
    const sources = (await apps.store.all()).map(
      (app): Source => ({
        key: `app:${app.clientId ?? app.appId}`,
        name: `App ${appName(app)}`,
        client: createGitHubClient({ apiUrl: app.apiUrl, log, signIn: signInAs(app) }),
        place: { kind: 'app' },
      }),
    );
    return { sources, problems: [] };
  } catch (error) {
    return { sources: [], problems: [{ name: 'the Apps', problem: asFlowError(error).toProblem() }] };
  }
}
