import type { RunGroup } from '../queue/groups.ts';
import type { Run } from '../run.ts';
import type { RunTables } from '../tables.ts';
import { UNSTARTED } from './run-patch.ts';

/** A run as admission makes it: the effective profile is saved with it, for ever. */
export type NewRun = Pick<
  Run,
  'id' | 'deliveryId' | 'repository' | 'repositoryId' | 'issueNumber' | 'profile' | 'queuedAt'
> & {
  profileJson: string;
  actor: string | null;
  /** Absent, or null, for a run that needs none pinned. */
  headSha?: string | null;
  actorId?: number | null;
  group: RunGroup | null;
};

/** Its row, which waits: `held` behind others of its group, or ready as soon as there is room. */
export function newRow({ group, actor, ...run }: NewRun, held: 0 | 1): RunTables['runs'] {
  return {
    headSha: null,
    actorId: null,
    ...run,
    ...UNSTARTED,
    state: 'queued',
    attempt: 0,
    notBefore: 0,
    leaseOwner: null,
    leaseUntil: null,
    cancelReason: null,
    retries: 0,
    suspicion: 0,
    groupKey: group?.key ?? null,
    held,
    head: 0,
    actor: actor ?? '',
  };
}
