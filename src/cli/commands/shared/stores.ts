import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { asFlowError } from '../../../base/errors.ts';
import { type ComposedApps, composeApps } from '../../../compose/apps.ts';
import { databasePlace } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import { envFileIssues } from '../../../config/settings.ts';
import { isServiceRunning } from '../../../db/lock.ts';
import { type Db, openDatabase, openExistingDatabase } from '../../../db/open.ts';
import { createDeliveryStore, type DeliveryStore } from '../../../deliveries/delivery-store.ts';
import { createLogger } from '../../../log/logger.ts';
import { createRedactor } from '../../../log/redact.ts';
import { createRunStore, type RunStore } from '../../../runs/store/run-store.ts';
import type { Io } from '../../terminal/io.ts';
import { problemText } from '../../terminal/output.ts';
import { unlockStores } from './unlock.ts';

/** What commands read, with or without a running service. */
export type Stores = {
  config: Config;
  db: Db;
  deliveries: DeliveryStore;
  runs: RunStore;
  isServiceRunning(): boolean;
};

/** The configuration of this environment and file of settings; throws `config_invalid`. */
export function readConfig(io: Io): Config {
  return loadConfig(io.settings(), io.origin().directory);
}

/** Reports lines of the file of settings that set no option; the service ignores them. */
export function warnOfSettings(io: Io): void {
  const { file } = io.origin();
  for (const issue of file === undefined ? [] : envFileIssues(file)) io.err(problemText(issue));
}

/** Opens the database of the configuration for one command, and closes it; never creates one. Throws `database_absent`. */
export async function withStores<T>(io: Io, work: (stores: Stores) => Promise<T>): Promise<T> {
  const config = readConfig(io);
  return await withDatabase(await openExistingDatabase(databasePlace(config)), config, work);
}

/** As `withStores`; without a database it uses a temporary empty one. */
export async function withStoresOrNone<T>(io: Io, work: (stores: Stores) => Promise<T>): Promise<T> {
  const config = readConfig(io);
  const dir = await mkdtemp(join(tmpdir(), 'github-flows-'));
  try {
    const db = await openExistingDatabase(databasePlace(config)).catch(async (error: unknown) => {
      if (asFlowError(error).code !== 'database_absent') throw error;
      return await openDatabase({ file: join(dir, 'empty.db') });
    });
    return await withDatabase(db, config, work);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function withDatabase<T>(db: Db, config: Config, work: (stores: Stores) => Promise<T>): Promise<T> {
  try {
    return await work({
      config,
      db,
      deliveries: createDeliveryStore(db, systemClock),
      runs: createRunStore(db, systemClock),
      isServiceRunning: () =>
        // Workers of a PostgreSQL database are not visible here; the next one handles the request.
        config.databaseUrl !== undefined || isServiceRunning(join(config.varDir, 'github-flows.lock')),
    });
  } finally {
    await db.close();
  }
}

/** The Apps for one command, which logs nothing; `write` creates a key for the store if it is missing. */
export async function appsOf(io: Io, config: Config, purpose: 'read' | 'write'): Promise<ComposedApps> {
  const stores = await unlockStores(io, config, purpose);
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  return composeApps({ config, redactor, log, file: stores.named('apps.enc') });
}
