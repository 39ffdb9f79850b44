import { nearest } from '../base/words.ts';
import { eventNames } from './payload-shapes.ts';

/** What people call events that GitHub calls otherwise. */
const NICKNAMES: Readonly<Record<string, string>> = {
  comment: 'issue_comment',
  pr: 'pull_request',
  pull_request_target: 'pull_request',
  merge_request: 'pull_request',
  note: 'issue_comment',
  pr_comment: 'issue_comment',
  tag: 'create',
  pull_request_comment: 'issue_comment',
  review: 'pull_request_review',
  commit: 'push',
  ci: 'check_run',
  schedule: 'repository_dispatch',
  workflow: 'workflow_run',
  check: 'check_run',
  checks: 'check_run',
};

/** The event of GitHub's that was probably meant by a name in lower case with underscores. */
export function nearestEvent(name: string): string {
  return NICKNAMES[name] ?? nearest(name, eventNames());
}
