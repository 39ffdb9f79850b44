import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { execOk } from '../../src/programs/exec.ts';
import type { FakeLogin } from '../support/codex/login.ts';
import { serveModelInEachRun, writeCodexState } from '../support/codex/model.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { startService, type TestService } from '../support/service/service.ts';

/** The profile that docs/profiles.md prints, letter for letter (test/profiles/load.test.ts), and the one that is shipped. */
const DOCUMENTED = resolve(import.meta.dirname, '../support/profiles/documented');
const SHIPPED = resolve(import.meta.dirname, '../../profiles/example');
const TOKEN = 'github_pat_11EXAMPLE0123456789abcdefghijklmnopqrstuvwxyz';

let service: TestService;
let github: GitHubApi;
let closeModels = async (): Promise<void> => {};
afterEach(async () => {
  await closeModels();
  await service.close();
  await github.close();
});

/** Two homes below `dir`, the application inside one of them, its workspaces inside the application. */
function twoHomes(dir: string) {
  const home = join(dir, 'home/user');
  const app = join(home, 'app/github-flows');
  return { root: join(dir, 'root'), home, app, secrets: join(home, '.secrets') };
}

/** The documented profile, changed in nothing but where the secrets directory is. */
function documentedProfile(secrets: string): string {
  return readFileSync(join(DOCUMENTED, 'profile.json'), 'utf8').replaceAll('/home/user/.secrets', secrets);
}

/** Starts the service in two homes, with the documented profile or another; gives the made-up login that its Codex state holds. */
async function startDocumented(profile = documentedProfile): Promise<FakeLogin> {
  github = await startGitHubApi();
  github.repositories.add('owner/repository');
  github.permissions.set('octocat', { permission: 'write', role_name: 'write' });
  const logins: FakeLogin[] = [];
  service = await startService({
    repository: 'owner/repository',
    profiles: (dir) => ({
      'example/profile.json': profile(twoHomes(dir).secrets),
      'example/prompt.md': readFileSync(join(DOCUMENTED, 'prompt.md'), 'utf8'),
    }),
    env: (dir) => ({
      GITHUB_API_URL: github.url,
      SECRETS_DIR: twoHomes(dir).secrets,
      VAR_DIR: join(twoHomes(dir).app, 'var'),
      HOST_HOMES: `${twoHomes(dir).root}:${twoHomes(dir).home}`,
      HOST_APP_DIR: twoHomes(dir).app,
      RUN_MEMORY: '1g',
    }),
    prepare(dir) {
      const { root, app, secrets } = twoHomes(dir);
      for (const path of [root, app]) mkdirSync(path, { recursive: true });
      mkdirSync(secrets, { mode: 0o700 });
      logins.push(writeCodexState(join(secrets, 'codex')));
      writeFileSync(join(secrets, 'gh-token'), `${TOKEN}\r\n`, { mode: 0o600 });
    },
  });
  const models = serveModelInEachRun(join(service.config.workspaceRoot, 'owner/repository'));
  closeModels = models.close;
  return logins[0] as FakeLogin;
}

function hashesOf(directory: string): Record<string, string> {
  const files = globSync('**/*', { cwd: directory }).filter((path) =>
    statSync(join(directory, path)).isFile(),
  );
  return Object.fromEntries(
    files.toSorted().map((path) => {
      const { mode, mtimeMs } = statSync(join(directory, path));
      return [
        path,
        `${mode} ${mtimeMs} ${createHash('sha256')
          .update(readFileSync(join(directory, path)))
          .digest('hex')}`,
      ];
    }),
  );
}

/** Watches what every container of the installation is made of and holds, again and again until it is stopped: the engine's own description, and every file it can read. */
function watchContainers(): { stop(): Promise<string> } {
  const env = { PATH: process.env.PATH ?? '' };
  const seen = new Map<string, string>();
  let over = false;
  const look = async (): Promise<void> => {
    while (!over) {
      for (const id of await service.containers()) {
        const described = await execOk('docker', ['inspect', id], { env }).catch(() => '');
        const script =
          'cat /proc/1/environ /proc/*/environ /proc/*/cmdline; grep -rhs "" /run/secrets /run/github-flows /home/user /workspace';
        const held = await execOk('docker', ['exec', id, 'sh', '-c', `${script}; true`], { env }).catch(
          () => '',
        );
        seen.set(`${id} ${seen.size}`, `${described}${held}`);
      }
      await systemClock.sleep(100);
    }
  };
  const looking = look();
  return {
    async stop() {
      over = true;
      await looking;
      return [...seen.values()].join('\n');
    },
  };
}

test('the documented profile runs the real Codex to success from two homes; the state stays as it was, no refresh token is in a container, and no token in the log, the output or the database', {
  timeout: 120_000,
}, async () => {
  const login = await startDocumented();
  const state = join(service.config.secretsDir, 'codex');
  const before = hashesOf(state);
  const watch = watchContainers();
  const run = await service.run('Please answer.');
  const seen = await watch.stop();
  expect(run, service.output(run.id)).toMatchObject({
    outcome: 'succeeded',
    exitCode: 0,
    profile: 'example',
  });
  expect(service.output(run.id)).toMatch(/Issue #7 is answered by commit [0-9a-f]{7}/);
  expect(hashesOf(state)).toEqual(before);
  expect(seen).toContain(login.accessToken);
  expect(seen).not.toContain(login.refreshToken);
  expect(await service.containers()).toEqual([]);
  expect(github.requests.map(({ method, path }) => `${method} ${path}`)).toContain(
    'GET /repos/owner/repository/collaborators/octocat/permission',
  );
  const kept = globSync('**/*', { cwd: service.config.varDir })
    .map((path) => join(service.config.varDir, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'));
  const all = [...kept, JSON.stringify(service.log)].join('\n');
  for (const secret of [TOKEN, login.accessToken, login.refreshToken, login.idToken])
    expect(all).not.toContain(secret);
});

test('the shipped example does the same with what `credentials` grants', { timeout: 120_000 }, async () => {
  const shipped = readFileSync(join(SHIPPED, 'profile.json'), 'utf8').replace(/^ {2}"\$schema": .*\n/m, '');
  const login = await startDocumented(() => shipped);
  const watch = watchContainers();
  const run = await service.run('Please answer.');
  const seen = await watch.stop();
  expect(run, service.output(run.id)).toMatchObject({ outcome: 'succeeded', profile: 'example' });
  expect(service.output(run.id)).toMatch(/Issue #7 is answered by commit [0-9a-f]{7}/);
  expect(seen).toContain(TOKEN);
  expect(seen).not.toContain(login.refreshToken);
  expect(await service.containers()).toEqual([]);
});
