import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FlowError, IssuesError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import type { Plan, PlanMount } from '../../src/containers/plan.ts';
import type { GitHubToken } from '../../src/credentials/github/github-tokens.ts';
import { readGrant } from '../../src/flow/credentials/grant-record.ts';
import { type GrantParts, injectGrants, readGrants, regrant } from '../../src/flow/credentials/grants.ts';
import { createMaskedValues } from '../../src/flow/credentials/masked-values.ts';
import type { KeptRun } from '../../src/flow/credentials/token-renewer.ts';
import { runPaths } from '../../src/flow/paths.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { Run } from '../../src/runs/run.ts';
import { runAs, testPlan } from '../support/engine/container-run.ts';
import { profileWith } from '../support/github/flow-events.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const NOW = Date.UTC(2030, 0, 1);
const run = { id: 'run1', repository: 'octo/hello', attempt: 1 } as Run;
const owner =
  process.getuid?.() === 0 ? runAs : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const appToken: GitHubToken = {
  value: new Secret('ghs_TheTokenOfTheGrantsTest0123456789'),
  expiresAt: NOW + 3_600_000,
  source: { kind: 'app', app: 'robot', username: 'x-access-token' },
};

type Asked = Parameters<GrantParts['tokens']['token']>[0];

function ground(
  token: () => Promise<GitHubToken | undefined>,
  runtimeUrl?: string,
  renewal = async (): Promise<void> => {},
) {
  const dir = secretsDirectory();
  const secretsDir = join(dir, 'secrets');
  mkdirSync(secretsDir, { mode: 0o700 });
  const asked: Asked[] = [];
  const kept: [KeptRun, GitHubToken | undefined][] = [];
  const parts: GrantParts = {
    tokens: {
      async token(want) {
        asked.push(want);
        return await token();
      },
    },
    secrets: {
      places: async () => [],
      async resolve(_profile, names) {
        if (names.length === 0) return [];
        throw new FlowError({ code: 'secret_missing', blame: 'operator', message: 'No.', hint: 'Set it.' });
      },
    },
    renewer: { keep: (...args) => void kept.push(args), start() {}, stop() {} },
    masked: createMaskedValues(),
    redactor: createRedactor(),
    runtimeUrl: () => runtimeUrl,
    agents: AGENTS,
    renewals: new Map([
      ['codex', { ensure: async () => await renewal(), adopt: async () => {}, stop: async () => {} }],
    ]),
    runs: {} as GrantParts['runs'],
    clock: settableClock(NOW),
  };
  const paths = runPaths(
    { workspaceRoot: dir, runDir: join(dir, 'run'), varDir: dir, installation: 'inst' },
    run,
  );
  const source = join(secretsDir, 'gh-token');
  const plan = testPlan('true', paths, {
    user: owner,
    mounts: [
      {
        ...{ type: 'bind', kind: 'credential', readOnly: true, asWritten: null, name: 'gh-token' },
        source,
        target: '/run/secrets/gh-token',
      },
    ],
  });
  return { parts, plan, paths, asked, kept, secretsDir, source };
}

function request({ plan }: { plan: Plan }, profile = profileWith({ codex: false })) {
  return { run, profile, plan, signal: new AbortController().signal };
}

test.each([
  [
    'a mounted token',
    undefined,
    { contents: 'write', issues: 'write', pull_requests: 'write', metadata: 'read' },
  ],
  [
    'credentials.github that says nothing',
    {},
    { contents: 'write', issues: 'write', pull_requests: 'write', metadata: 'read' },
  ],
  ['named permissions', { issues: 'read' }, { issues: 'read', metadata: 'read' }],
] as const)(
  '%s asks for exactly its permissions, of this repository alone',
  async (_name, permissions, wanted) => {
    const here = ground(async () => appToken);
    const github = permissions && { permissions: 'issues' in permissions ? permissions : undefined };
    await readGrants(here.parts, request(here, profileWith({ codex: false, github })));
    expect(here.asked).toEqual([
      { repository: 'octo/hello', permissions: wanted, exact: true, tokenFile: here.source },
    ]);
  },
);

test('with an App the token file need not be there; the token is injected, masked and renewed', async () => {
  const here = ground(async () => appToken, 'http://127.0.0.1:3002');
  const grants = await readGrants(here.parts, request(here));
  mkdirSync(here.paths.home, { recursive: true });
  mkdirSync(here.paths.files, { recursive: true });
  await injectGrants(here.parts, { run, plan: here.plan, paths: here.paths }, grants);
  expect(readdirSync(here.paths.secrets).toSorted()).toEqual(['gh-token', 'runtime-token']);
  const read = (name: string): string => readFileSync(join(here.paths.secrets, name), 'utf8');
  expect(read('gh-token')).toBe(appToken.value.reveal());
  expect(here.parts.redactor.mask(`${read('gh-token')} ${read('runtime-token')}`)).toBe('[masked] [masked]');
  expect(here.kept).toMatchObject([[{ id: 'run1', grant: { repository: 'octo/hello', owner } }, appToken]]);
  const record = await readGrant(here.paths);
  expect(record?.bearerHash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(record)).not.toContain(read('runtime-token'));
});

test('the secret whose App the profile names is asked for, and remembered by name for the service after this one', async () => {
  const here = ground(async () => appToken);
  mkdirSync(here.paths.home, { recursive: true });
  mkdirSync(here.paths.files, { recursive: true });
  const profile = profileWith({
    codex: false,
    github: { permissions: { issues: 'read' }, app: 'DEPLOY_APP' },
  });
  const grants = await readGrants(here.parts, request(here, profile));
  const appSecret = { profile: '.', name: 'DEPLOY_APP' };
  expect(here.asked).toMatchObject([{ repository: 'octo/hello', exact: true, appSecret }]);
  await injectGrants(here.parts, { run, plan: here.plan, paths: here.paths }, grants);
  expect(await readGrant(here.paths)).toMatchObject({ repository: 'octo/hello', appSecret });
  await regrant(here.parts, run, here.paths);
  expect(here.kept.map(([{ grant }]) => grant.appSecret)).toEqual([appSecret, appSecret]);
});

test('without the runtime listener there is no bearer', async () => {
  const here = ground(async () => appToken);
  mkdirSync(here.paths.home, { recursive: true });
  mkdirSync(here.paths.files, { recursive: true });
  const grants = await readGrants(here.parts, request(here));
  await injectGrants(here.parts, { run, plan: here.plan, paths: here.paths }, grants);
  expect(readdirSync(here.paths.secrets)).toEqual(['gh-token']);
  expect(await readGrant(here.paths)).toMatchObject({ bearerHash: null });
});

test('without an App the token file serves, and its own error is thrown when it cannot', async () => {
  const here = ground(async () => undefined);
  await expect(readGrants(here.parts, request(here))).rejects.toMatchObject({ code: 'token_file_missing' });
  secretFile(here.secretsDir, 'gh-token', 'ghp_TheTokenOfAFile0123456789\n');
  const { gitHub } = await readGrants(here.parts, request(here));
  expect(gitHub?.token).toMatchObject({ expiresAt: null, source: { kind: 'file', file: here.source } });
  expect(gitHub?.token.value.reveal()).toBe('ghp_TheTokenOfAFile0123456789');
});

/** The plan with a Codex login and a named secret besides. */
function withCodex({ plan, secretsDir }: ReturnType<typeof ground>): Plan {
  const state: PlanMount = {
    type: 'bind',
    kind: 'agent-state',
    readOnly: false,
    asWritten: null,
    name: 'codex',
    source: join(secretsDir, 'codex'),
    target: '/home/user/.codex',
  };
  return { ...plan, mounts: [...plan.mounts, state], secrets: [{ name: 'API_KEY', env: null }] };
}

test('a login that could not be renewed is reported once, beside what else is wrong', async () => {
  const refused = new FlowError({
    code: 'codex_refresh_refused',
    blame: 'operator',
    message: 'No.',
    hint: 'Log in.',
  });
  const here = ground(
    async () => appToken,
    undefined,
    async () => {
      throw refused;
    },
  );
  const plan = withCodex(here);
  await expect(readGrants(here.parts, request({ plan: { ...plan, secrets: [] } }))).rejects.toBe(refused);
  await expect(readGrants(here.parts, request({ plan }))).rejects.toMatchObject({
    code: 'grants_not_ready',
    hint: '(1) Set it. (2) Log in.',
  });
});

test('everything that is wrong with a run’s grants is reported at once, each error with its code, and nothing is written', async () => {
  const here = ground(async () => undefined);
  const plan = withCodex(here);
  const refused = readGrants(here.parts, request({ plan }));
  await expect(refused).rejects.toMatchObject({ code: 'grants_not_ready', blame: 'operator' });
  const error = await refused.catch((thrown: unknown) => thrown);
  const issues = error instanceof IssuesError ? error.issues.map(({ code }) => code) : [];
  expect(issues).toEqual(['token_file_missing', 'secret_missing', 'codex_state_missing']);
  expect(readdirSync(here.secretsDir)).toEqual([]);
});
