import type { Migration } from 'kysely/migration';
import * as deliveries from './0001-deliveries.ts';
import * as runs from './0002-runs.ts';
import * as reports from './0003-reports.ts';

/** Every migration under the name it is remembered by; run in the order of the names, each once. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-deliveries': deliveries,
  '0002-runs': runs,
  '0003-reports': reports,
};
