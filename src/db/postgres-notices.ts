import pg from 'pg';
import { backoff } from '../base/backoff.ts';
import { systemClock } from '../base/clock.ts';
import type { Notices } from './notices.ts';
import { connectionOptions } from './postgres/dialect.ts';
import type { PostgresPlace } from './postgres/url.ts';

/** The server's channel that all of ours go through. */
export const POSTGRES_CHANNEL = 'github_flows';

/** How soon a lost connection is opened again, at first and at the most. */
const RETRY_MS = { first: 100, most: 5_000 };

/** How often the server is asked whether it is still there: a cut network is silent. */
const LOOK_EVERY_MS = 10_000;

const ANSWER_MS = 5_000;

/**
 * Passes the server's notices on to `notices`, over a connection of its own that comes back after it was lost; then every
 * listener hears that something may have been missed. Never throws; `close` ends it.
 */
export function startPostgresNotices(place: PostgresPlace, notices: Notices): { close(): Promise<void> } {
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
