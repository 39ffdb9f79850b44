import { nearMiss } from '../base/words.ts';
import { eventNames } from '../events/payload-shapes.ts';
import { usage } from './usage.ts';

/** What people call events, and how GitHub does. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  check: 'check_run',
  comment: 'issue_comment',
  issue: 'issues',
  pr: 'pull_request',
  review: 'pull_request_review',
  workflow: 'workflow_run',
};

/** Throws `usage` for a name that no event of GitHub's has, with the nearest that one has. */
export function checkEventName(option: string, name: string): void {
  const known = eventNames();
  if (known.includes(name)) return;
  const [word = ''] = name.toLowerCase().split('.');
  const bare = word.replaceAll(/[-\s]/g, '_');
  const near = known.includes(bare) ? bare : (OTHER_WORDS[bare] ?? nearMiss(bare, known));
  throw usage(
    `${option} is ${JSON.stringify(name.slice(0, 80))}, and GitHub has no event of that name.`,
    near === undefined
      ? 'Use one of GitHub’s names, such as issue_comment, issues or pull_request.'
      : `Did you mean ${near}? The action stands in the payload.`,
  );
}
