import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { SSH_HOST, type SshServer, serveSshInEachRun, sshConfig } from '../support/engine/ssh-server.ts';
import { runCommandWith } from '../support/service/cli.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

const PASSPHRASE = 'a passphrase that stands nowhere else';
const MULTI = 'first "line"\n  $HOME `id` \'quoted\' \\n\n\nlast line é\n';
const PLAIN = 'plain-value-0123456789';

let service: TestService;
let ssh: SshServer | undefined;
afterEach(async () => {
  await ssh?.close();
  ssh = undefined;
  await service.close();
});

async function start(command: string, more: Record<string, unknown>, env: Record<string, string> = {}) {
  service = await startService({
    profiles: { 'fix/profile.json': shellProfile(command, more) },
    env: { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE, ...env },
  });
}

async function setSecret(name: string, value: string): Promise<void> {
  const settings = { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE, SECRETS_DIR: service.config.secretsDir };
  const { code, err } = await runCommandWith({ input: value }, service.dir, settings, 'secret', 'set', name);
  expect({ code, err }).toEqual({ code: 0, err: '' });
}

test('a run gets the secrets that its profile names, as files and variables to the byte, and nobody else sees them', async () => {
  const command = [
    'sha256sum < /run/secrets/MULTI',
    'printf %s "$MULTI_VALUE" | sha256sum',
    'stat -c %a /run/secrets/MULTI',
    'echo "kept=$KEPT plain=$(printenv PLAIN || echo unset) other=$(ls /run/secrets | tr "\\n" ,)"',
    'cat /run/secrets/MULTI; printf %s "$MULTI_VALUE" | base64; echo "from env: $FROM_ENV"; touch /workspace/up; sleep 1',
  ].join('; ');
  await start(
    command,
    {
      credentials: {
        secrets: [
          { name: 'MULTI', env: 'MULTI_VALUE' },
          'PLAIN',
          { name: 'KEEP', env: 'KEPT' },
          { name: 'OUTSIDE', env: 'FROM_ENV' },
        ],
      },
      runtime: { env: { KEPT: 'by-the-profile' } },
    },
    { GITHUB_FLOWS_SECRET_OUTSIDE: 'value-of-the-environment' },
  );
  await setSecret('MULTI', MULTI);
  await setSecret('PLAIN', PLAIN);
  await setSecret('KEEP', 'never-exported-value');
  await setSecret('NOBODYS', 'value-that-nobody-named');
  const inspected: string[] = [];
  const ending = service.run();
  await until('its container runs', async () => {
    inspected.unshift(...(await service.containers()).map(inspect).filter(Boolean));
    return inspected[0]?.includes('"Running": true') || undefined;
  });
  const run = await ending;
  const output = service.output(run.id);
  expect(run, output).toMatchObject({ outcome: 'succeeded' });
  const hash = execFileSync('sha256sum', { input: MULTI }).toString();
  expect(output.split('\n').slice(0, 2)).toEqual([hash.trim(), hash.trim()]);
  expect(output).toContain('\n400\n');
  expect(output).toContain('kept=by-the-profile plain=unset other=KEEP,MULTI,OUTSIDE,PLAIN,');
  expect(output).toContain('from env: [masked]');
  const everywhere = [
    output,
    ...inspected,
    JSON.stringify(service.log),
    ...filesBelow(service.config.varDir),
  ];
  for (const secret of [
    MULTI.trim(),
    'first "line"',
    PLAIN,
    'never-exported',
    'value-of-the-env',
    'nobody-named',
    PASSPHRASE,
  ])
    for (const text of everywhere) expect(text).not.toContain(secret);
});

test('a run whose secret is nowhere is refused with the hint before anything starts', async () => {
  await start('true', { credentials: { secrets: ['MISSING'] } });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'secret_missing' } });
  expect(run.startedAt ?? null).toBeNull();
});

test('git in the container reaches a host over SSH with the key of the run alone, and only one whose key is pinned', async () => {
  const command = [
    'umask 077; mkdir -p ~/.ssh',
    `printf "${sshConfig}" > ~/.ssh/config`,
    'until test -S /workspace/ssh.sock; do sleep 0.05; done',
    `git clone -q ssh://"$SSH_USER"@${SSH_HOST}"$REMOTE" over-ssh && cat over-ssh/README.md`,
    'cd over-ssh; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m pushed; git push -q && echo pushed',
    `printf "${sshConfig.replaceAll(SSH_HOST, 'other.example.test')}" >> ~/.ssh/config`,
    'git ls-remote ssh://"$SSH_USER"@other.example.test"$REMOTE" 2>&1 || echo refused',
    'stat -c "%a %u" /run/secrets/GIT_SSH_KEY; id -u',
  ].join('; ');
  const { username } = userInfo();
  service = await startService({
    profiles: (dir) => ({
      'profile.json': shellProfile(command, {
        credentials: { secrets: ['GIT_SSH_KEY', 'GIT_SSH_KNOWN_HOSTS'] },
        runtime: { env: { SSH_USER: username, REMOTE: join(dir, 'git/octo/hello.git') } },
      }),
    }),
    env: { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE },
  });
  ssh = serveSshInEachRun(join(service.dir, 'ssh'), join(service.config.workspaceRoot, 'octo/hello'));
  await setSecret('GIT_SSH_KEY', ssh.key.trimEnd().replaceAll('\n', '\r\n'));
  await setSecret('GIT_SSH_KNOWN_HOSTS', ssh.knownHosts);
  const run = await service.run();
  const output = service.output(run.id);
  expect(output).toContain('# Hello\n');
  expect(output).toContain('\npushed\n');
  expect(output).toMatch(/Host key verification failed[\s\S]*\nrefused\n/);
  expect(output).toMatch(/\n400 (\d+)\n\1\n$/);
  expect(service.repository.git('log', '-1', '--format=%s', 'main')).toBe('pushed');
  expect(existsSync(join(service.config.runDir, service.app.installation, run.id))).toBe(false);
});

test('with accept-new git believes the first key of an unknown host, and of a listed one its own alone', async () => {
  const configs = [SSH_HOST, 'listed.example.test'].map((host) => sshConfig.replaceAll(SSH_HOST, host));
  const command = [
    'umask 077; mkdir -p ~/.ssh',
    ...configs.map((config) => `printf "${config}" >> ~/.ssh/config`),
    'until test -S /workspace/ssh.sock; do sleep 0.05; done',
    `git ls-remote ssh://"$SSH_USER"@${SSH_HOST}"$REMOTE" main && git ls-remote ssh://"$SSH_USER"@${SSH_HOST}"$REMOTE" main && echo believed`,
    'git ls-remote ssh://"$SSH_USER"@listed.example.test"$REMOTE" 2>&1 || echo refused',
  ].join('; ');
  service = await startService({
    profiles: (dir) => ({
      'profile.json': shellProfile(command, {
        credentials: { secrets: ['GIT_SSH_KEY', 'GIT_SSH_KNOWN_HOSTS'] },
        runtime: { env: { SSH_USER: userInfo().username, REMOTE: join(dir, 'git/octo/hello.git') } },
      }),
    }),
    env: { GITHUB_FLOWS_PASSPHRASE: PASSPHRASE, SSH_HOST_KEYS: 'accept-new' },
  });
  ssh = serveSshInEachRun(join(service.dir, 'ssh'), join(service.config.workspaceRoot, 'octo/hello'));
  await setSecret('GIT_SSH_KEY', ssh.key);
  const another = readFileSync(join(service.dir, 'ssh/user.pub'), 'utf8');
  await setSecret('GIT_SSH_KNOWN_HOSTS', `listed.example.test ${another}`);
  const output = service.output((await service.run()).id);
  expect(output).toContain('\nbelieved\n');
  expect(output).toMatch(/Host key verification failed[\s\S]*\nrefused\n/);
});

function inspect(id: string): string {
  try {
    return execFileSync('docker', ['inspect', id], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

function filesBelow(dir: string): string[] {
  return globSync('**/*', { cwd: dir })
    .map((path) => join(dir, path))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => readFileSync(path, 'latin1'));
}
