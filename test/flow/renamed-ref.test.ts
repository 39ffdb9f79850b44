import { expect, test } from 'vitest';
import { nameRenamed } from '../../src/flow/prepare/renamed-ref.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { commitNotFound, refNotFound } from '../../src/workspaces/errors.ts';
import { makeMirrorLab } from '../support/git/mirror-lab.ts';
import { startGitHubApi } from '../support/github/api.ts';
import { profileOf } from '../support/github/flow-events.ts';

const log = createLogger({ level: 'silent', redactor: createRedactor() });

/** What an error becomes where GitHub calls the branch `old` `new` now. */
async function named(ref: string | undefined, error: Error) {
  const [lab, github] = await Promise.all([makeMirrorLab(), startGitHubApi()]);
  github.repositories.add('owner/repository');
  github.git.root = lab.served;
  lab.origin.commit({ 'a.txt': '1' }, { ref: 'refs/heads/new' });
  github.branches.renamed.set('old', 'new');
  const client = createGitHubClient({ apiUrl: github.url, token: async () => 'a-token', log });
  const profile: Profile = {
    ...profileOf('p', {}),
    checkout: { from: 'ref', ref, depth: undefined, agentConfig: 'head' },
  };
  const about = { profile, repository: 'owner/repository' };
  return {
    said: await nameRenamed({ clientFor: () => client }, about, error),
    asked: github.requests.length,
  };
}

test.each(['old', 'refs/heads/old'])(
  'a checkout of %s, which was renamed, names the new name',
  async (ref) => {
    const { said } = await named(ref, refNotFound('https://git.example/o/r.git', ref));
    expect(said).toMatchObject({
      code: 'ref_not_found',
      message: `https://git.example/o/r.git has no ${ref} that leads to a commit. The branch "old" is called "new" now.`,
      hint: 'Write "new" in the profile’s `checkout.ref`.',
    });
  },
);

test.each([
  ['a branch that GitHub does not know either', 'gone', refNotFound('u', 'gone'), 1],
  ['a tag', 'refs/tags/old', refNotFound('u', 'refs/tags/old'), 0],
  ['no ref of the profile', undefined, refNotFound('u', 'HEAD'), 0],
  ['a commit', 'old', commitNotFound('u', 'a'.repeat(40)), 0],
])('the error about %s stays as it is', async (_what, ref, error, asked) => {
  expect(await named(ref, error)).toEqual({ said: error, asked });
});
