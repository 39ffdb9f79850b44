import { CamelCasePlugin, Kysely, sql } from 'kysely';
import { DEFAULT_MIGRATION_TABLE } from 'kysely/migration';
import pg from 'pg';
import { backoff } from '../base/backoff.ts';
import { systemClock } from '../base/clock.ts';
import type { Db } from './database.ts';
import { migrate } from './migrate.ts';
import { createNotices, type Notices } from './notices.ts';
import { connectionOptions, createPostgresDialect, retryConflicts } from './postgres/dialect.ts';
import { type PostgresPlace, readPostgresUrl } from './postgres/url.ts';
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
    transaction: async (work) => await retryConflicts(async () => await kysely.transaction().execute(work)),
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
    return await migrate(kysely, place.name, programVersion());
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

/** The server's channel that all of ours go through. */
const POSTGRES_CHANNEL = 'github_flows';

/** How soon a lost connection is opened retryConflicts, at first and at the most. */
const RETRY_MS = { first: 100, most: 5_000 };

/** How often the server is asked whether it is still there: a cut network is silent. */
const LOOK_EVERY_MS = 10_000;

const ANSWER_MS = 5_000;

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

/**
 * Passes the server's notices on to `notices`, over a connection of its own that is opened again when it is lost; then every
 * listener is called, because notices may have been lost. Never throws; `close` ends it.
 */
function startPostgresNotices(place: PostgresPlace, notices: Notices): { close(): Promise<void> } {
  const closing = new AbortController();
  const keepListening = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      try {
        const { lost } = await listenOnce(place, notices, closing.signal);
        failures = 0;
        notices.notifyAll();
        await lost;
      } catch {
        await systemClock.sleep(backoff(RETRY_MS, failures), closing.signal).catch(() => undefined);
        failures += 1;
      }
    }
  };
  const listening = keepListening();
  return {
    async close() {
      closing.abort();
      await listening;
    },
  };
}

/** A connection that listens until it is lost or `signal` ends it. */
async function listenOnce(
  place: PostgresPlace,
  notices: Notices,
  signal: AbortSignal,
): Promise<{ lost: Promise<void> }> {
  const client = new pg.Client({
    ...connectionOptions(place),
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  const end = (): void => void client.end().catch(() => undefined);
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  client.on('error', end);
  client.on('notification', ({ payload = '' }) => {
    const [channel, text] = JSON.parse(payload) as [string, string];
    notices.notify(channel, text);
  });
  try {
    await client.connect();
    await client.query(`LISTEN ${POSTGRES_CHANNEL}`);
  } catch (error) {
    end();
    throw error;
  }
  const look = systemClock.every(LOOK_EVERY_MS, async () => {
    await client.query('SELECT 1').catch(end);
  });
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const lost = ended.finally(() => {
    look.stop();
    signal.removeEventListener('abort', end);
  });
  return { lost };
}
