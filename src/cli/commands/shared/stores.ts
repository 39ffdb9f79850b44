import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { asFlowError } from '../../../base/errors.ts';
import { databasePlace } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import { envFileFaults } from '../../../config/env-file.ts';
import { loadConfig } from '../../../config/load.ts';
import { isServiceRunning } from '../../../db/lock.ts';
import { type Db, openDatabase, openExistingDatabase } from '../../../db/open.ts';
import { createDeliveryStore, type DeliveryStore } from '../../../deliveries/delivery-store.ts';
import { createRunStore, type RunStore } from '../../../runs/store/run-store.ts';
import type { Io } from '../../terminal/io.ts';
import { problemText } from '../../terminal/output.ts';

/** What commands read, beside a living service or without one. */
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

/** Says which lines of the file of settings set nothing; a service goes on without them. */
export function warnOfSettings(io: Io): void {
  const { file } = io.origin();
  for (const fault of file === undefined ? [] : envFileFaults(file)) io.err(problemText(fault));
}

/** Opens the database of the configuration for one command, and closes it; makes none. Throws `database_absent`. */
export async function withStores<T>(io: Io, work: (stores: Stores) => Promise<T>): Promise<T> {
  const config = readConfig(io);
  return await withDatabase(await openExistingDatabase(databasePlace(config)), config, work);
}

/** As `withStores`; where there is no database, over an empty one that is gone afterwards. */
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
        // Whether a worker of a PostgreSQL database lives is not seen from here; what is asked for is done by the next one.
        config.databaseUrl !== undefined || isServiceRunning(join(config.varDir, 'github-flows.lock')),
    });
  } finally {
    await db.close();
  }
}
