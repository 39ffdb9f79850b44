import { expect, test } from 'vitest';
import { type PushRefusal, readRefusals } from '../../src/workspaces/mirrors/push-refusals.ts';

const place = { branch: 'x', name: 'octo/hello' };

function refusals(words: readonly string[]): PushRefusal[] {
  const read = readRefusals(place, words);
  return 'outage' in read ? [] : read;
}

const codes = (...words: string[]): string[] => refusals(words).map(({ code }) => code);

test.each([
  [
    'push_signature_required',
    'error: GH013: Repository rule violations found',
    '- Commits must have verified signatures.',
  ],
  ['push_secret_blocked', '- GITHUB PUSH PROTECTION', '- Push cannot contain secrets'],
  [
    'push_message_refused',
    'error: GH013: Repository rule violations',
    '- Commit message does not match the pattern "^JIRA-"',
  ],
  ['push_path_refused', 'GH013: Repository rule violations', '- File path is restricted: infra/'],
  [
    'push_branch_protected',
    'error: GH006: Protected branch update failed for refs/heads/x.',
    '- Changes must be made through a pull request.',
  ],
  [
    'push_branch_protected',
    'error: GH013: Repository rule violations found',
    '- Cannot update this protected ref.',
  ],
  ['push_rule_violated', 'error: GH013: Repository rule violations found', '- Something new'],
  [
    'push_file_too_large',
    'error: GH001: Large files detected.',
    'error: File a is 120.00 MB; this exceeds GitHub’s file size limit of 100.00 MB',
  ],
  ['push_lfs_missing', 'error: GH008: Your push referenced at least 1 unknown Git LFS object:'],
  ['push_email_private', 'error: GH007: Your push would publish a private email address.'],
  [
    'push_workflows_refused',
    '(refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission)',
  ],
  [
    'push_workflows_refused',
    '(refusing to allow an OAuth App to create or update workflow `.github/workflows/ci.yml` without `workflow` scope)',
  ],
  [
    'push_branch_in_the_way',
    "error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'",
  ],
  [
    'push_branch_name_refused',
    'error: GH013: Repository rule violations',
    '- Branch name must match a given regex pattern: ^x',
  ],
  [
    'push_author_refused',
    'error: GH013: Repository rule violations',
    '- Committer email does not match the pattern "@corp"',
  ],
  [
    'push_branch_name_refused',
    'error: GH013: Repository rule violations found',
    '- Cannot create ref due to creations being restricted.',
  ],
  [
    'push_branch_name_refused',
    'error: GH002: Sorry, branch or tag names consisting of 40 hex characters are not allowed.',
  ],
  ['push_branch_protected', 'error: GH003: Sorry, force-pushing to x is not allowed.'],
  [
    'push_branch_protected',
    'error: GH013: Repository rule violations found',
    '- Changes must be made through the merge queue',
  ],
  ['push_secret_blocked', 'error: GH009: Secrets detected! This push failed.'],
  [
    'push_file_too_large',
    'error: GH013: Repository rule violations found',
    '- File size exceeds limit of 10 MB',
  ],
  ['push_file_too_large', 'fatal: pack exceeds maximum allowed size (2.00 GiB)', '(unpacker error)'],
  [
    'push_workflows_refused',
    '(refusing to allow an integration to create or update .github/workflows/ci.yml)',
  ],
  ['push_refused', '(pre-receive hook declined)'],
])('%s is known by what the server says', (code, ...words) => {
  expect(codes(...words)).toEqual([code]);
});

test.each([
  [['Internal Server Error', '(Internal Server Error)']],
  [['fatal error in commit_refs', '(failure)']],
  [['Repository is read-only for maintenance', '(pre-receive hook declined)']],
  [['fatal: write error: No space left on device', '(unpacker error)']],
])('%j is no refusal: the server is at fault, and it passes', (words) => {
  expect(readRefusals(place, words)).toEqual({ outage: words.join('; ') });
});

test('several rules are told together, and every word once', () => {
  const words = [
    'error: GH013: Repository rule violations',
    '- Commits must have verified signatures.',
    '- Commit message does not match the pattern "^JIRA-"',
    '- File path is restricted: infra/',
  ];
  const read = refusals(words);
  expect(read.map(({ code }) => code)).toEqual([
    'push_signature_required',
    'push_message_refused',
    'push_path_refused',
  ]);
  const [first, ...others] = read;
  for (const said of ['verified signatures', '^JIRA-', 'infra/']) expect(first?.message).toContain(said);
  for (const { message } of others) expect(message).not.toContain('infra/');
  expect(new Set(read.map(({ hint }) => hint)).size).toBe(3);
});

test('the address that lets a secret through is for the operator alone', () => {
  const address = 'https://github.com/octo/hello/security/secret-scanning/unblock-secret/EXAMPLE';
  const [refusal] = refusals(['- Push cannot contain secrets', 'path: fixture.js:1', address]);
  expect(refusal?.message).toContain('fixture.js:1');
  expect(refusal?.message).not.toContain('unblock-secret');
  expect(refusal?.detail).toContain(address);
});
