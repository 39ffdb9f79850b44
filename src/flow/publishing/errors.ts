import type { FlowError } from '../../base/errors.ts';
import { answeredStatus, isGoneForGood } from '../../github/request-error.ts';

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
  'github_credential_missing',
  'github_invalid',
  'github_name_refused',
  'name_refused',
];

/** 409 is about what the repository is doing at this moment. https://docs.github.com/rest/pulls/pulls */
const CONFLICT = 409;

/** Whether a publication that ended in this fault is worth no further try. */
export function isFinalError(fault: FlowError): boolean {
  return isGoneForGood(fault) || (FINAL.includes(fault.code) && answeredStatus(fault) !== CONFLICT);
}
