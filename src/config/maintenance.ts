import type { OptionName } from './options.ts';

/** What the service does for itself; sizes in bytes, times in milliseconds. */
export type MaintenanceConfig = {
  keep: {
    bodies: { ms: number; bytes: number };
    logs: { ms: number; bytes: number };
    mirrors: { ms: number; bytes: number };
    workspaces: { bytes: number };
  };
  /** What must be free for a run to begin, and for a delivery to be accepted. */
  disk: { run: { bytes: number; inodes: number }; accept: { bytes: number; inodes: number } };
  recover: { enabled: boolean; everyMs: number; backMs: number };
};

const DAY_MS = 86_400_000;

/** The options of maintenance, in the units that the service counts in. */
export function completeMaintenance(get: <T>(name: OptionName) => T): MaintenanceConfig {
  const keep = (days: OptionName, bytes: OptionName) => ({
    ms: get<number>(days) * DAY_MS,
    bytes: get<number>(bytes),
  });
  return {
    keep: {
      bodies: keep('KEEP_BODIES_DAYS', 'KEEP_BODIES_BYTES'),
      logs: keep('KEEP_LOGS_DAYS', 'KEEP_LOGS_BYTES'),
      mirrors: keep('KEEP_MIRRORS_DAYS', 'KEEP_MIRRORS_BYTES'),
      workspaces: { bytes: get('KEEP_FAILED_BYTES') },
    },
    disk: {
      run: { bytes: get('MIN_FREE_TO_RUN'), inodes: get('MIN_FREE_FILES_TO_RUN') },
      accept: { bytes: get('MIN_FREE_TO_ACCEPT'), inodes: get('MIN_FREE_FILES_TO_ACCEPT') },
    },
    recover: {
      enabled: get('RECOVER_MISSED'),
      everyMs: get<number>('RECOVER_EVERY_MIN') * 60_000,
      backMs: get<number>('RECOVER_HOURS') * 3_600_000,
    },
  };
}
