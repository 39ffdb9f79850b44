import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { runFiles } from '../../src/containers/create/start-script.ts';
import { readStartFailure } from '../../src/containers/supervise/container-end.ts';
import { type PlanChanges, testPlan } from '../support/engine/container-run.ts';

const dir = mkdtempSync(join(tmpdir(), 'gf-start-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const places = { workspace: '/w', files: '/f', secrets: '/s' };

function filesOf(changes: PlanChanges = {}, server = 'https://github.com'): Record<string, string> {
  const files = runFiles(testPlan('true', places, changes), server);
  return Object.fromEntries(files.map(({ path, content }) => [path, content]));
}

test('every script is valid for a POSIX shell', () => {
  for (const { path, content } of runFiles(testPlan('true', places), 'https://github.com')) {
    if (!path.startsWith('bin/') && path !== 'profile.sh') continue;
    writeFileSync(join(dir, 'script'), content);
    execFileSync('dash', ['-n', join(dir, 'script')]);
    execFileSync('bash', ['--posix', '-n', join(dir, 'script')]);
  }
});

test('settings reach the shell as they are, whatever is in them', () => {
  const nasty = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !text.includes('\0') && text.isWellFormed());
  fc.assert(
    fc.property(nasty, (workdir) => {
      writeFileSync(join(dir, 'settings'), filesOf({ workdir }).settings ?? '');
      const printed = execFileSync('dash', ['-c', `. ${dir}/settings; printf %s "$gf_workdir"`]);
      expect(printed.toString()).toBe(workdir);
    }),
    { numRuns: 40 },
  );
});

test('the handler may live a minute longer than its deadline when nobody stops it', () => {
  const { settings } = filesOf({ limits: { timeoutSec: 1_800, graceSec: 10 } });
  expect(settings).toContain('gf_limit=1860\n');
  expect(settings).toContain('gf_grace=10\n');
});

test('git asks our helper for this server only, and not at all without a token', () => {
  const server = 'https://ghe.example.com:8443/';
  expect(filesOf({}, server).gitconfig).toContain(
    '[credential "https://ghe.example.com:8443"]\n\thelper = !sh /run/github-flows/bin/git-credential\n',
  );
  expect(filesOf({ hasGitHubToken: false }, server).gitconfig).not.toContain('credential');
  expect(filesOf({}, 'file:///srv/git').gitconfig).not.toContain('credential');
});

test('git is told the user name that the App has, else the one that GitHub documents', () => {
  const settingsFor = (name?: string): string | undefined =>
    runFiles(testPlan('true', places), 'https://github.com', name).find(({ path }) => path === 'settings')
      ?.content;
  expect(settingsFor()).toContain('gf_user=x-access-token\n');
  expect(settingsFor('robot[bot]')).toContain("gf_user='robot[bot]'\n");
});

test('what git reads is valid: a committer when none is set, and our clone is trusted', () => {
  writeFileSync(join(dir, 'gitconfig'), filesOf().gitconfig ?? '');
  const get = (key: string) =>
    execFileSync('git', ['config', '-f', join(dir, 'gitconfig'), key])
      .toString()
      .trim();
  expect(get('user.name')).toBe('github-flows');
  expect(get('user.email')).toBe('github-flows@noreply.invalid');
  expect(get('safe.directory')).toBe('/workspace/repo');
  expect(get('credential.https://github.com.helper')).toBe('!sh /run/github-flows/bin/git-credential');
});

test('states, setup script and nothing else depend on the plan', () => {
  const state = {
    type: 'bind',
    source: '/x',
    readOnly: false,
    kind: 'agent-state',
    asWritten: null,
  } as const;
  const files = filesOf({
    setupScript: 'test -d repo',
    mounts: [
      { ...state, target: '/home/user/.codex', name: 'codex', variable: 'CODEX_HOME' },
      { ...state, target: '/home/user/.claude' },
    ],
  });
  expect(files['agent-state']).toBe('codex CODEX_HOME /home/user/.codex\nclaude - /home/user/.claude\n');
  expect(files.setup).toBe('test -d repo');
  expect(Object.keys(filesOf())).toEqual([
    'bin/start',
    'bin/gh',
    'bin/git-credential',
    'bin/github-token',
    'token.sh',
    'profile.sh',
    'gitconfig',
    'settings',
  ]);
});

test('the start script’s last words are known again, and nothing else is', () => {
  const script = readFileSync(
    new URL('../../src/containers/create/scripts/start.sh', import.meta.url),
    'utf8',
  );
  expect(script).toContain("'github-flows: the container could not start: %s\\n'");
  expect(script).toContain("'github-flows: the setup script ended with exit code %s.\\n'");
  expect(readStartFailure('github-flows: the setup script ended with exit code 7.')).toEqual({
    stage: 'setup',
    text: 'the setup script ended with exit code 7.',
    exitCode: 7,
  });
  expect(readStartFailure('github-flows: the container could not start: no /workspace.')).toMatchObject({
    stage: 'start',
    exitCode: 125,
  });
  for (const line of [
    '',
    'github-flows:',
    'the setup script ended with exit code 7.',
    ' github-flows: the container could not start: x',
  ])
    expect(readStartFailure(line)).toBeUndefined();
});

test.each([['dash'], ['bash', '--posix'], ['busybox', 'sh']])(
  'secrets are exported to the byte by %s, and by no other name',
  (...shell) => {
    const nasty = fc
      .array(
        fc.constantFrom(
          '\n',
          "'",
          '"',
          '\\',
          '$HOME',
          '`id`',
          '$(id)',
          ' ',
          '\t',
          '*',
          '~',
          'x',
          'é',
          '🔑',
          '\r',
        ),
        {
          minLength: 1,
          maxLength: 8,
        },
      )
      .map((parts) => parts.join(''));
    const { exports } = filesOf({
      secrets: [
        { name: 'ONE', env: 'FIRST' },
        { name: 'TWO', env: null },
      ],
    });
    expect(exports).toBe('ONE FIRST\n');
    const start = filesOf()['bin/start'] ?? '';
    const block = /if \[ -s "\$gf_files\/exports" \][\s\S]*?\nfi\n/.exec(start)?.[0] ?? '';
    writeFileSync(join(dir, 'exports'), exports ?? '');
    const script = `gf_files=${dir}\n${block.replaceAll('/run/secrets', dir)}printenv -0 FIRST; printenv gf_value TWO`;
    writeFileSync(join(dir, 'export.sh'), `gf_fail() { exit 9; }\n${script}; true`);
    fc.assert(
      fc.property(nasty, (value) => {
        writeFileSync(join(dir, 'ONE'), value);
        const [program = '', ...args] = shell;
        const printed = execFileSync(program, [...args, join(dir, 'export.sh')]);
        expect(printed.toString()).toBe(`${value}\0`);
      }),
      { numRuns: 25 },
    );
  },
);

test('git uses SSH with the key of the run alone, and believes pinned hosts unless told otherwise', () => {
  const commandOf = (ssh: PlanChanges['ssh'] & {}): string => {
    writeFileSync(join(dir, 'gitconfig'), filesOf({ ssh }).gitconfig ?? '');
    return execFileSync('git', ['config', '-f', join(dir, 'gitconfig'), 'core.sshCommand'])
      .toString()
      .trim();
  };
  const own =
    "ssh -i /run/secrets/GIT_SSH_KEY -o 'IdentitiesOnly=yes' -o 'IdentityAgent=none' -o 'BatchMode=yes'";
  const end = "-o 'GlobalKnownHostsFile=/dev/null'";
  expect(commandOf({ hostKeys: 'pinned', knownHosts: true })).toBe(
    `${own} -o 'StrictHostKeyChecking=yes' -o 'UserKnownHostsFile=/run/secrets/GIT_SSH_KNOWN_HOSTS' ${end}`,
  );
  expect(commandOf({ hostKeys: 'accept-new', knownHosts: true })).toBe(
    `${own} -o 'StrictHostKeyChecking=accept-new' -o 'UserKnownHostsFile=/tmp/github-flows-known-hosts /run/secrets/GIT_SSH_KNOWN_HOSTS' ${end}`,
  );
  expect(commandOf({ hostKeys: 'accept-new', knownHosts: false })).toContain(
    "'UserKnownHostsFile=/tmp/github-flows-known-hosts'",
  );
  expect(filesOf().gitconfig).not.toContain('sshCommand');
});
