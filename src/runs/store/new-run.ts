import type { RunGroup } from '../queue/groups.ts';
import type { Run } from '../run.ts';
import type { RunTables } from '../tables.ts';

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
export function newRow(run: NewRun, held: 0 | 1): RunTables['runs'] {
  return {
    id: run.id,
    delivery_id: run.deliveryId,
    repository: run.repository,
    repository_id: run.repositoryId,
    issue_number: run.issueNumber,
    profile: run.profile,
    profile_json: run.profileJson,
    state: 'queued',
    outcome: null,
    reason_json: null,
    attempt: 0,
    queued_at: run.queuedAt,
    started_at: null,
    ended_at: null,
    not_before: 0,
    lease_owner: null,
    lease_until: null,
    cancel_reason: null,
    container_id: null,
    deadline_at: null,
    exit_code: null,
    final_message: null,
    usage_json: null,
    workspace_kept_until: null,
    worker: null,
    host: null,
    launching_at: null,
    lost_after: null,
    retries: 0,
    suspicion: 0,
    group_key: run.group?.key ?? null,
    held,
    head: 0,
    actor: run.actor ?? '',
    head_sha: run.headSha ?? null,
    actor_id: run.actorId ?? null,
  };
}
