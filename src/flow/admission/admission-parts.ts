import type { Clock } from '../../base/clock.ts';
import type { Db } from '../../db/open.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { Marks } from '../../feedback/marks.ts';
import type { Logger } from '../../log/logger.ts';
import type { Registry } from '../../profiles/read/registry.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import type { AdmissionLimits } from './limits.ts';
import type { SigningApps } from './signer.ts';

/** The parts that admission joins. */
export type AdmissionParts = {
  crashPoint: CrashPoint;
  db: Db;
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  registry: Registry;
  lookups: Lookups;
  own: ServiceAccount;
  /** How our comments are told from those of others. */
  marks: Marks;
  /** The Apps that sign deliveries. */
  apps: SigningApps;
  limits: AdmissionLimits;
  /** The time that a run may take whose profile does not say, in seconds. */
  defaultTimeoutSec: number;
  /** Called when there may be something to say on GitHub. */
  onSaid: () => void;
  clock: Clock;
  log: Logger;
};
