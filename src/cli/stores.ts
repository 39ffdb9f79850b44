import { join } from 'node:path';
import { databasePlace } from '../assembly.ts';
import { systemClock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { isServiceRunning } from '../db/lock.ts';
import { type Db, openDatabase } from '../db/open.ts';
import { createDeliveryStore, type DeliveryStore } from '../deliveries/delivery-store.ts';
import { createRunStore, type RunStore } from '../runs/run-store.ts';
import type { Io } from './io.ts';

/** What commands read, beside a living service or without one. */
export type Stores = {
  config: Config;
  db: Db;
  deliveries: DeliveryStore;
  runs: RunStore;
  isServiceRunning(): boolean;
};

/** The configuration of this environment and directory; throws `config_invalid`. */
export function readConfig(io: Io): Config {
  return loadConfig(io.settings(), io.directory);
}

/** Opens the database of the configuration for one command, and closes it. */
export async function withStores<T>(io: Io, work: (stores: Stores) => Promise<T>): Promise<T> {
  const config = readConfig(io);
  const db = await openDatabase(databasePlace(config));
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
