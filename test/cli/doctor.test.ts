import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { check } from '../../src/cli/commands/doctor/check.ts';
import { chatgptAuth, fakeLogin, writeCodexState } from '../support/codex/login.ts';
import { startGitHubApi } from '../support/github/api.ts';
import { runCommand } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Problem = { code: string; message: string; hint: string };
type Checks = Record<string, { detail: string; problems: Problem[] }>;

let dir: string;
let settings: Record<string, string>;

beforeEach(async () => {
  dir = await temporaryDirectory();
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  mkdirSync(join(dir, 'profiles/hello'), { recursive: true });
  const profile = {
    trigger: { event: 'push' },
    execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
  };
  writeFileSync(join(dir, 'profiles/hello/profile.json'), JSON.stringify(profile));
  settings = {
    SECRETS_DIR: './secrets',
    DOCKER_HOST: `unix://${dir}/no-engine.sock`,
    GITHUB_API_URL: 'http://127.0.0.1:9',
    WEBHOOK_SECRET: '0123456789abcdefghij',
  };
});

async function doctor(...argv: string[]): Promise<{ code: number; ok: boolean; checks: Checks }> {
  const { code, out, err } = await runCommand(dir, settings, 'doctor', '--json', ...argv);
  expect(err).toBe('');
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { name: string }[] };
  return { code, ok, checks: Object.fromEntries(checks.map(({ name, ...rest }) => [name, rest])) as Checks };
}

const codes = (checks: Checks): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(checks)
      .filter(([, { problems }]) => problems.length > 0)
      .map(([name, { problems }]) => [name, problems.map(({ code }) => code)]),
  );

describe('doctor', () => {
  test('doctor tells everything that is missing at once, each with the command that fixes it', async () => {
    delete settings.WEBHOOK_SECRET;
    writeFileSync(join(dir, 'profiles/hello/profile.json'), '{');
    const { code, ok, checks } = await doctor();
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    expect(codes(checks)).toEqual({
      'webhook secret': ['webhook_secret_missing'],
      engine: ['engine_unreachable'],
      'gh-token': ['token_file_missing'],
      codex: ['codex_state_missing'],
      profiles: ['profile_not_json'],
    });
    for (const { problems } of Object.values(checks))
      for (const { message, hint } of problems) {
        expect(message).toMatch(/\S/);
        expect(hint).toMatch(/\S/);
      }
    expect(checks.profiles?.problems[0]?.message).toContain('profile.json');
    expect(checks.git?.detail).toMatch(/^2\./);
    expect(checks.network?.detail).toContain('service of this host that listens on all addresses');
    expect(checks.disk?.detail).toContain('free');
  });

  test('doctor says whose token it is, until when, and whether it reaches the repository', async () => {
    const api = await startGitHubApi();
    onTestFinished(api.close);
    api.repositories.add('owner/repository');
    api.ownerHeaders['github-authentication-token-expiration'] = '2027-01-31 00:00:00 UTC';
    settings.GITHUB_API_URL = api.url;
    writeFileSync(join(dir, 'secrets/gh-token'), 'github_pat_0123456789\n', { mode: 0o600 });
    const { checks } = await doctor('--repository', 'owner/repository');
    expect(checks['gh-token']).toEqual({
      detail: `${dir}/secrets/gh-token, of the-robot, good until 2027-01-31 00:00:00 UTC, reaches owner/repository (private, may push)`,
      problems: [],
    });
    expect(checks.repository).toEqual({
      detail: `owner/repository is served by the token file ${dir}/secrets/gh-token`,
      problems: [],
    });
    expect(codes((await doctor('--repository', 'owner/other')).checks)['gh-token']).toEqual([
      'github_not_found',
    ]);
    api.misbehave({ status: 401, message: 'Bad credentials' });
    expect(codes((await doctor()).checks)['gh-token']).toEqual(['github_token_refused']);
  });

  test('doctor says of each profile whether the token, the logins and the secrets that its runs are granted are there', async () => {
    const profile = (path: string, credentials: object): void => {
      mkdirSync(join(dir, 'profiles', path), { recursive: true });
      const execution = {
        handler: { type: 'shell', command: ['true'] },
        runtime: { image: 'image:1', network: 'none' },
      };
      const whole = { trigger: { event: 'push' }, execution, credentials };
      writeFileSync(join(dir, 'profiles', path, 'profile.json'), JSON.stringify(whole));
    };
    settings.GITHUB_FLOWS_SECRET_NPM_TOKEN = 'a-value-of-a-secret';
    profile('team/good', { secrets: ['NPM_TOKEN'] });
    profile('team/lacking', { secrets: ['NPM_TOKNE'], codex: true, github: {} });
    const { code, checks } = await doctor();
    expect(code).toBe(1);
    expect(checks['needs of hello']).toEqual({ detail: 'no credential', problems: [] });
    expect(checks['needs of team/good']).toEqual({ detail: 'the secret NPM_TOKEN', problems: [] });
    expect(codes(checks)['needs of team/lacking']).toEqual([
      'token_file_missing',
      'codex_state_missing',
      'secret_missing',
    ]);
    expect(checks['needs of team/lacking']?.problems[2]?.hint).toContain('Did you mean NPM_TOKEN');
    expect(codes(checks).codex).toEqual(['codex_state_missing']);

    writeFileSync(join(dir, 'secrets/gh-token'), 'github_pat_0123456789\n', { mode: 0o600 });
    writeCodexState(join(dir, 'secrets/codex'), chatgptAuth(fakeLogin(Date.now() + 86_400_000)));
    profile('team/lacking', { secrets: ['NPM_TOKEN'], codex: true, github: {} });
    expect(codes((await doctor()).checks)['needs of team/lacking']).toBeUndefined();
  });

  test('doctor asks for no Codex login that no profile wants', async () => {
    expect((await doctor()).checks.codex).toEqual({
      detail: 'no login, and no profile wants one',
      problems: [],
    });
  });

  test('doctor says that nothing serves a repository', async () => {
    const { checks } = await doctor('--repository', 'owner/repository');
    expect(codes(checks).repository).toEqual(['repository_not_served']);
  });

  test('doctor never asks GitHub with a token that others could read', async () => {
    const api = await startGitHubApi();
    onTestFinished(api.close);
    settings.GITHUB_API_URL = api.url;
    writeFileSync(join(dir, 'secrets/gh-token'), 'github_pat_0123456789\n');
    chmodSync(join(dir, 'secrets/gh-token'), 0o644);
    expect(codes((await doctor()).checks)['gh-token']).toEqual(['token_file_readable_by_others']);
    expect(api.requests).toEqual([]);
  });

  test('doctor leaves a check that takes longer than ten seconds, and says so', async () => {
    const waits: number[] = [];
    const hasty: Clock = {
      ...systemClock,
      after(ms, action) {
        waits.push(ms);
        return systemClock.after(0, action);
      },
    };
    const asked = check(hasty, 'gh-token', () => new Promise(() => undefined));
    expect(await asked).toEqual({
      name: 'gh-token',
      detail: 'not known',
      problems: [
        expect.objectContaining({ code: 'check_too_slow', message: expect.stringContaining('10 s') }),
      ],
    });
    expect(waits).toEqual([10_000]);
  });

  test('doctor tells of a configuration that cannot be used, and looks at nothing else', async () => {
    settings.PORT = 'all';
    const { code, checks } = await doctor();
    expect(code).toBe(1);
    expect(codes(checks)).toEqual({ configuration: ['option_invalid'] });
    expect(Object.keys(checks)).toEqual(['configuration']);
  });

  test('marks for people what is well and what is not', async () => {
    const { code, out } = await runCommand(dir, settings, 'doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/^✓ webhook secret {5}set$/m);
    expect(out).toMatch(/^✗ engine .*\n {4}.*cannot be reached.*\n {4}→ .*\[engine_unreachable\]$/m);
    expect(out).toMatch(/run doctor again\.\n$/);
  });
});

describe('codex status', () => {
  const TEN_DAYS_MS = 10 * 24 * 3_600_000;

  test('codex status says login, account, life and model, and exit code 0 when a run can use it', async () => {
    const state = writeCodexState(
      join(dir, 'secrets/codex'),
      chatgptAuth(fakeLogin(Date.now() + TEN_DAYS_MS)),
    );
    const { code, out } = await runCommand(dir, settings, 'codex', 'status');
    expect(code).toBe(0);
    expect(out).toBe(
      `${state}: ChatGPT login, of dev@example.com, access token valid for 9 days, model gpt-test\n`,
    );
    const json = await runCommand(dir, settings, 'codex', 'status', '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      dir: state,
      mode: 'chatgpt',
      account: { email: 'dev@example.com' },
      accessExpiresAt: expect.stringMatching(/Z$/),
      model: 'gpt-test',
      problems: [],
    });
    expect(json.out + out).not.toMatch(/rt_Refresh|eyJ/);
  });

  test('codex status says that the service renews a login whose access token is about to end', async () => {
    writeCodexState(join(dir, 'secrets/codex'), chatgptAuth(fakeLogin(Date.now() + 630_000)));
    const { code, out } = await runCommand(dir, settings, 'codex', 'status');
    expect(out).toContain('access token valid for 10 min, the service renews it before the next run');
    expect(code).toBe(0);
    const json = await runCommand(dir, settings, 'codex', 'status', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ isRenewable: true, problems: [] });
    expect(JSON.parse(json.out).accessExpiresInSec).toBeGreaterThan(590);
  });

  test('codex status says with exit code 1 what keeps a run from using it', async () => {
    expect(await runCommand(dir, settings, 'codex', 'status')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/no login\n.*\n {2}→ .*codex login.*\[codex_state_missing\]\n$/),
    });
    const ended = { ...fakeLogin(Date.now() - 1000), refreshToken: '' };
    writeCodexState(join(dir, 'secrets/codex'), chatgptAuth(ended));
    const { code, out } = await runCommand(dir, settings, 'codex', 'status', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).problems).toEqual([
      { code: 'codex_login_expired', message: expect.any(String), hint: expect.any(String) },
    ]);
  });
});
