import { expect, test } from 'vitest';
import { AGENTS } from '../../src/compose/agents.ts';
import { runFiles } from '../../src/containers/create/start-script.ts';
import { runPaths } from '../../src/flow/paths.ts';
import { launchedLimits, makePlan } from '../../src/flow/prepare/plan.ts';
import { NO_POLICY } from '../../src/policy/policy.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import type { Run } from '../../src/runs/run.ts';
import { runAs, testPlan } from '../support/engine/container-run.ts';
import { profileWith } from '../support/github/flow-events.ts';

const run = { id: 'run1', repository: 'octo/hello', attempt: 1 } as Run;
const directories = {
  workspaceRoot: '/srv/var/work',
  runDir: '/run/github-flows',
  varDir: '/srv/var',
  installation: 'inst',
};
const paths = runPaths(directories, run);

function planOf(credentials: Partial<Profile['credentials']>, runtimeUrl?: string) {
  return makePlan({
    profile: profileWith(credentials),
    repository: run.repository,
    runId: run.id,
    mounted: [],
    paths,
    runtimeUrl,
    defaults: { ...testPlan('true', paths).limits, network: 'none', runAs, sshHostKeys: 'pinned' },
    secretsDir: '/home/user/.secrets',
    agents: AGENTS,
    policy: NO_POLICY,
  });
}

test('credentials.github is the token at its place, without a mount of the profile', () => {
  const plan = planOf({ codex: false, github: { permissions: { issues: 'write' } } });
  expect(plan).toMatchObject({ hasGitHubToken: true, env: { GH_TOKEN_FILE: '/run/secrets/gh-token' } });
  expect(plan.mounts).toContainEqual({
    ...{ type: 'bind', kind: 'credential', name: 'gh-token', readOnly: true },
    source: '/home/user/.secrets/gh-token',
    target: '/run/secrets/gh-token',
    asWritten: 'credentials.github',
  });
});

test('a run that is granted no token has none, and no address to ask for one', () => {
  const plan = planOf({ codex: false }, 'http://127.0.0.1:3002');
  expect(plan.hasGitHubToken).toBe(false);
  expect(Object.keys(plan.env).filter((name) => /TOKEN|RUNTIME/.test(name))).toEqual([]);
  const granted = planOf({ codex: false, github: { permissions: undefined } }, 'http://127.0.0.1:3002');
  expect(granted.env.GITHUB_FLOWS_RUNTIME_URL).toBe('http://127.0.0.1:3002');
});

test('credentials.github.env is exported by the start script, and runtime.env wins over it', () => {
  const github = { permissions: undefined, env: 'GH_TOKEN' };
  const plan = planOf({ codex: false, github });
  expect(plan).toMatchObject({ tokenEnv: 'GH_TOKEN' });
  expect(plan.env).not.toHaveProperty('GH_TOKEN');
  const exports = runFiles(plan, 'https://github.com').find(({ path }) => path === 'exports');
  expect(exports?.content).toBe('gh-token GH_TOKEN\n');
  expect(planOf({ codex: false, github: { permissions: undefined } })).not.toHaveProperty('tokenEnv');
});

test('secrets lie in RUN_DIR, and programs do not, for /run is often mounted noexec', () => {
  const sources = Object.fromEntries(
    planOf({ codex: false }).mounts.map(({ target, source }) => [target, source]),
  );
  expect(sources).toMatchObject({
    '/run/secrets': '/run/github-flows/inst/run1/secrets',
    '/run/github-flows': '/srv/var/run-files/inst/run1',
    '/etc/profile.d/github-flows.sh': '/srv/var/run-files/inst/run1/profile.sh',
  });
});

test('a run has the limits that it was launched with, whatever is configured by now; one that an older version launched has those of today', async () => {
  const { limits } = planOf({});
  const profile = profileWith({});
  const parts = {
    runs: { profile: async () => profile },
    defaults: { ...limits, timeoutSec: 1, network: 'none', runAs, sshHostKeys: 'pinned' } as const,
    mountHost: {},
  };
  expect(await launchedLimits(parts, { id: 'run1', limits })).toEqual(limits);
  expect(await launchedLimits(parts, { id: 'run1', limits: null })).toMatchObject({ timeoutSec: 1 });
});
