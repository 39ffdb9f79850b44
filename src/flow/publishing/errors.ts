import type { FlowError } from '../../base/errors.ts';
import { isGoneForGood, isTurnedDown } from '../../github/fault.ts';

/**
 * Faults that no waiting fixes: the server said no to these commits or to this pull request, or they are gone. A token
 * that is not taken, may not, or sees nothing (401, 403, 404) is noted at once and retried, because whoever runs the
 * service can fix it meanwhile; so are limits, conflicts, servers at fault and silence.
 */
const FINAL: readonly string[] = [
  'push_refused',
  'changes_invalid',
  'changes_too_large',
  'publish_changes_gone',
  'publish_pull_request_refused',
  'github_credential_missing',
  'github_name_refused',
  'name_refused',
];

/** Whether a publication that ended in this fault is worth no further try. */
export function isFinalError(fault: FlowError): boolean {
  return isGoneForGood(fault) || isTurnedDown(fault) || FINAL.includes(fault.code);
}
