import type { OptionName } from './options.ts';

/** What may happen until an agent starts; sizes in bytes. */
export type RepositoryConfig = {
  /** Seconds in all, and what stays free on the disks. */
  preparing: { timeoutSec: number; freeBytes: number };
  /** What a repository may take of the host until then. */
  repositoryLimits: {
    timeoutSec: number;
    cpuSec: number;
    memoryBytes: number;
    fetchBytes: number;
    entries: number;
    checkoutBytes: number;
  };
};

/** The options of repositories, in the units that the service counts in. */
export function completeRepository(get: <T>(name: OptionName) => T): RepositoryConfig {
  const floor = get<number | undefined>('MIN_FREE_TO_PREPARE') ?? get<number>('MIN_FREE_TO_RUN') / 2;
  return {
    preparing: { timeoutSec: get('PREPARE_TIMEOUT_SEC'), freeBytes: floor },
    repositoryLimits: {
      timeoutSec: get('PREPARE_TIMEOUT_SEC'),
      cpuSec: get('GIT_CPU_SEC'),
      memoryBytes: get('GIT_MEMORY'),
      fetchBytes: get('FETCH_BYTES'),
      entries: get('CHECKOUT_ENTRIES'),
      checkoutBytes: get('CHECKOUT_BYTES'),
    },
  };
}
