import { CamelCasePlugin, Kysely, sql } from 'kysely';
import { DEFAULT_MIGRATION_TABLE } from 'kysely/migration';
import type { Db } from './database.ts';
import { readInstallation, readMarkKey } from './meta.ts';
import { migrate } from './migrate.ts';
import { createNotices } from './notices.ts';
import { again, createPostgresDialect } from './postgres/dialect.ts';
import { type PostgresPlace, readPostgresUrl } from './postgres/url.ts';
import { POSTGRES_CHANNEL, startPostgresNotices } from './postgres-notices.ts';
import { programVersion } from './program-version.ts';

/** How many connections one process uses, besides the one that listens; and how long a statement may take. */
const LIMITS = { connections: 10, statementMs: 15_000 };

/** Opens a PostgreSQL database; several processes that do so at once migrate it one after the other. `onEmpty` is called with its name before a first table would be made. */
export async function openPostgres(url: string, onEmpty?: (name: string) => void): Promise<Db> {
  const place = readPostgresUrl(url);
  const own = await bringUpToDate(place, onEmpty);
  const kysely = new Kysely<unknown>({
    dialect: createPostgresDialect(place, LIMITS),
    plugins: [new CamelCasePlugin()],
  });
  const notices = createNotices();
  const listening = startPostgresNotices(place, notices);
  let closed: Promise<void> | undefined;
  return {
    kind: 'postgres',
    kysely,
    ...own,
    transaction: async (work) => await again(async () => await kysely.transaction().execute(work)),
    notify: createNotifier(kysely),
    listen: notices.listen,
    close: async () => {
      closed ??= Promise.all([listening.close(), kysely.destroy()]).then(() => undefined);
      await closed;
    },
  };
}

/** Over a connection of its own without a limit of time: others may be migrating, and a large table takes long. */
async function bringUpToDate(
  place: PostgresPlace,
  onEmpty: ((name: string) => void) | undefined,
): Promise<Pick<Db, 'installation' | 'markKey'>> {
  const kysely = new Kysely<unknown>({
    dialect: createPostgresDialect(place, { connections: 1, statementMs: 0 }),
  });
  try {
    if (onEmpty && !(await isMigrated(kysely))) onEmpty(place.name);
    await migrate(kysely, place.name, programVersion());
    return { installation: await readInstallation(kysely), markKey: await readMarkKey(kysely) };
  } finally {
    await kysely.destroy();
  }
}

/** Whether a service has made its tables there. */
async function isMigrated(kysely: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ found: string | null }>`
    SELECT to_regclass(${DEFAULT_MIGRATION_TABLE})::text AS found`.execute(kysely);
  return rows[0]?.found != null;
}

/** Sends notices one at a time; one that is like another that still waits joins it. */
function createNotifier(kysely: Kysely<unknown>): Db['notify'] {
  const waiting = new Map<string, Promise<void>>();
  let last = Promise.resolve();
  return async (channel, payload) => {
    const text = JSON.stringify([channel, payload]);
    const known = waiting.get(text);
    if (known) return await known;
    last = last.then(async () => {
      waiting.delete(text);
      // Whoever listens polls too, so a lost notice only costs time.
      await sql`SELECT pg_notify(${POSTGRES_CHANNEL}, ${text})`.execute(kysely).catch(() => undefined);
    });
    waiting.set(text, last);
    await last;
  };
}
