import { expect, test } from 'vitest';
import { load } from '../support/profiles/profile-files.ts';

/** The codes and places of the errors of a profile with this runtime. */
async function faultsOf(runtime: object, more: object = {}): Promise<string[]> {
  const handler = { type: 'shell', command: ['true'] };
  const profile = {
    trigger: { event: 'push' },
    execution: { handler, runtime: { image: 'image:1', ...runtime } },
    ...more,
  };
  const { issues } = await load({ 'a/profile.json': profile });
  return issues.map(({ code, path }) => `${code} ${path}`);
}

test.each(['/etc', '/workspace/../etc', 'home', '/run/secrets'])(
  'with a read-only root HOME cannot be %s, where memory would be mounted over what is there',
  async (home) => {
    expect((await faultsOf({ readOnlyRoot: true, env: { HOME: home } }))[0]).toMatch(
      / \/execution\/runtime\/env/,
    );
  },
);

test('with a read-only root HOME may be a place of its own', async () => {
  expect(await faultsOf({ readOnlyRoot: true, env: { HOME: '/home/agent' } })).toEqual([]);
});

test.each(['/home/user', '/home/user/.codex', '/home/user/.codex/sessions'])(
  'a granted Codex state cannot lie under or over a mount at %s',
  async (target) => {
    const runtime = { dockerArgs: ['--tmpfs', target] };
    expect(await faultsOf(runtime)).toEqual([]);
    expect((await faultsOf(runtime, { credentials: { codex: true } }))[0]).toContain('mount_target_taken');
  },
);
