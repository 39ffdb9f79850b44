import { Kysely, sql } from 'kysely';
import type { Db } from './database.ts';
import { again, createPostgresDialect } from './dialects/postgres.ts';
import { readInstallation, readMarkKey } from './meta.ts';
import { migrate } from './migrate.ts';
import { createNotices } from './notices.ts';
import { POSTGRES_CHANNEL, startPostgresNotices } from './postgres-notices.ts';
import { type PostgresPlace, readPostgresUrl } from './postgres-url.ts';
import { programVersion } from './program-version.ts';

/** How many connections one process uses, besides the one that listens; and how long a statement may take. */
const LIMITS = { connections: 10, statementMs: 15_000 };

/** Opens a PostgreSQL database; several processes that do so at once migrate it one after the other. */
export async function openPostgres(url: string): Promise<Db> {
  const place = readPostgresUrl(url);
  const own = await bringUpToDate(place);
  const kysely = new Kysely<unknown>({ dialect: createPostgresDialect(place, LIMITS) });
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
async function bringUpToDate(place: PostgresPlace): Promise<Pick<Db, 'installation' | 'markKey'>> {
  const kysely = new Kysely<unknown>({
    dialect: createPostgresDialect(place, { connections: 1, statementMs: 0 }),
  });
  try {
    await migrate(kysely, place.name, programVersion());
    return { installation: await readInstallation(kysely), markKey: await readMarkKey(kysely) };
  } finally {
    await kysely.destroy();
  }
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
      // What polls behind it finds what a lost notice would have told.
      await sql`SELECT pg_notify(${POSTGRES_CHANNEL}, ${text})`.execute(kysely).catch(() => undefined);
    });
    waiting.set(text, last);
    await last;
  };
}
