import type { EventName } from './event.ts';
import type { Fields } from './fields.ts';

/** Where an event keeps the branch (by name or by full ref) and the commit it is about; `else` where the commit is when it is not there. */
type Head = { branch?: string; ref?: string; commit?: string; else?: string };

const HEADS: ReadonlyMap<string, Head> = new Map<EventName | 'cache_sync', Head>([
  ['cache_sync', { ref: 'ref', commit: 'after' }],
  ['check_run', { branch: 'check_run.check_suite.head_branch', commit: 'check_run.head_sha' }],
  ['check_suite', { branch: 'check_suite.head_branch', commit: 'check_suite.head_sha' }],
  [
    'code_scanning_alert',
    { ref: 'ref', commit: 'commit_oid', else: 'alert.most_recent_instance.commit_sha' },
  ],
  ['commit_comment', { commit: 'comment.commit_id' }],
  ['deployment', { commit: 'deployment.sha' }],
  ['deployment_protection_rule', { commit: 'deployment.sha' }],
  ['deployment_review', { branch: 'workflow_run.head_branch', commit: 'workflow_run.head_sha' }],
  ['deployment_status', { commit: 'deployment.sha' }],
  ['merge_group', { ref: 'merge_group.base_ref', commit: 'merge_group.head_sha' }],
  ['package', { commit: 'package.package_version.target_oid' }],
  ['page_build', { commit: 'build.commit' }],
  ['push', { ref: 'ref', commit: 'after' }],
  ['registry_package', { commit: 'registry_package.package_version.target_oid' }],
  ['repository_dispatch', { branch: 'branch' }],
  ['secret_scanning_alert_location', { commit: 'location.details.commit_sha' }],
  ['status', { commit: 'sha' }],
  ['workflow_dispatch', { ref: 'ref' }],
  ['workflow_job', { branch: 'workflow_job.head_branch', commit: 'workflow_job.head_sha' }],
  ['workflow_run', { branch: 'workflow_run.head_branch', commit: 'workflow_run.head_sha' }],
]);

const PULL_REQUEST_BRANCH = 'pull_request.head.ref';

/**
 * The branch an event is about: the one pushed, made or deleted, the one a check or workflow ran on, a pull
 * request's own (its head, not its base), the base of a merge group. Tags are no branches.
 */
export function readBranch(event: string, fields: Fields): string | undefined {
  if (event === 'create' || event === 'delete')
    return fields.text('ref_type') === 'branch' ? fields.text('ref') : undefined;
  const head = HEADS.get(event);
  if (head?.ref) return branchOfRef(fields.nullableText(head.ref));
  return fields.nullableText(head?.branch ?? PULL_REQUEST_BRANCH);
}

/** Where payloads of an event keep the branch that they are about. */
export function branchPath(event: string): string {
  if (event === 'create' || event === 'delete') return 'ref';
  const head = HEADS.get(event);
  return head?.ref ?? head?.branch ?? PULL_REQUEST_BRANCH;
}

/**
 * The commit an event names; a pull request's own is read with the pull request. Whose it is, the payload does not say:
 * commits of forks are named by the same events as the repository's own.
 */
export function readCommit(event: string, fields: Fields): string | undefined {
  const head = HEADS.get(event);
  return (
    (head?.commit && fields.commit(head.commit)) || (head?.else && fields.commit(head.else)) || undefined
  );
}

const BRANCH_PREFIX = 'refs/heads/';

function branchOfRef(ref: string | undefined): string | undefined {
  return ref?.startsWith(BRANCH_PREFIX) ? ref.slice(BRANCH_PREFIX.length) : undefined;
}
