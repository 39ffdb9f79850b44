import { expect, test } from 'vitest';
import { grantedSecrets, planSsh } from '../../src/flow/prepare/plan-secrets.ts';
import type { Profile } from '../../src/profiles/profile.ts';

function profile(secrets: Profile['credentials']['secrets'], env: Record<string, string> = {}): Profile {
  return {
    path: 'fix',
    credentials: { codex: false, secrets },
    execution: { runtime: { env } },
  } as unknown as Profile;
}

test('a variable that runtime.env sets stays as that says', () => {
  const secrets = [
    { name: 'A', env: 'TOKEN' },
    { name: 'B', env: 'OTHER' },
    { name: 'C', env: undefined },
  ];
  expect(grantedSecrets(profile(secrets, { TOKEN: '' }))).toEqual([
    { name: 'A', env: null },
    { name: 'B', env: 'OTHER' },
    { name: 'C', env: null },
  ]);
});

test('SSH is on with a key alone only where the admin lets hosts be believed at first sight', () => {
  const key = { name: 'GIT_SSH_KEY', env: undefined };
  const hosts = { name: 'GIT_SSH_KNOWN_HOSTS', env: undefined };
  expect(() => planSsh(profile([key]), 'pinned')).toThrow(
    expect.objectContaining({ code: 'ssh_known_hosts_missing' }),
  );
  expect(planSsh(profile([key]), 'accept-new')).toEqual({ hostKeys: 'accept-new', knownHosts: false });
  expect(planSsh(profile([key, hosts]), 'pinned')).toEqual({ hostKeys: 'pinned', knownHosts: true });
  expect(planSsh(profile([hosts]), 'pinned')).toBeNull();
});
