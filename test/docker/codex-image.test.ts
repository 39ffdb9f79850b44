import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codexShare } from '../../src/agents/codex/state/share.ts';
import type { ScriptedModel } from '../../src/cli/commands/demo/model.ts';
import { exec, execOk } from '../../src/programs/exec.ts';
import type { FakeLogin } from '../support/codex/login.ts';
import { serveModelIn, writeCodexState } from '../support/codex/model.ts';
import { agentImage } from '../support/engine/images.ts';

/** The handler of the documented profile, letter for letter. */
const COMMAND = [
  'bash',
  '-lc',
  'export GH_TOKEN="$(tr -d \'\\r\\n\' < "$GH_TOKEN_FILE")"; export GITHUB_TOKEN="$GH_TOKEN"; exec codex exec --dangerously-bypass-approvals-and-sandbox -C /workspace/repo',
];
/** What the service's start script does around it. */
const START = 'cp -r /run/secrets/codex/. "$CODEX_HOME" && exec "$@" < /run/github-flows/prompt.md';

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const user = own.uid === 0 ? '1000:1000' : `${own.uid}:${own.gid}`;
const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };
const docker = (...args: string[]): Promise<string> => execOk('docker', args, { env, timeoutMs: 60_000 });

let dir: string;
let login: FakeLogin;
let model: ScriptedModel;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gf-codex-'));
  login = writeCodexState(join(dir, 'state'));
  await makeRepository(join(dir, 'workspace/repo'));
  put('run/prompt.md', 'Answer issue number 7, called “Say hello”.\n');
  put('secrets/gh-token', 'github_pat_0123456789\n');
  for (const { path, content } of (await codexShare(join(dir, 'state'))).files) {
    put(`secrets/codex/${path}`, content);
  }
  model = await serveModelIn(join(dir, 'workspace'));
  if (own.uid === 0) await execOk('chown', ['-R', user, dir], { env });
});

afterEach(async () => {
  await model.close();
  rmSync(dir, { recursive: true });
});

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content, { mode: 0o600 });
}

async function makeRepository(path: string): Promise<void> {
  const git = (...args: string[]): Promise<string> => execOk('git', ['-C', path, ...args], { env });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'README.md'), '# Hello\n');
  await git('init', '-q', '-b', 'main');
  await git('add', '-A');
  await git('-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '-q', '-m', 'Start');
}

async function runCodex(...flags: string[]): ReturnType<typeof exec> {
  const hardening = ['--init', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only'];
  const limits = ['--memory=512m', '--pids-limit=256', '--tmpfs=/tmp'];
  const [uid, gid] = user.split(':');
  const home = `--tmpfs=/home/user:uid=${uid},gid=${gid},mode=0700`;
  const bind = (source: string, target: string, more = ',readonly'): string =>
    `--mount=type=bind,src=${join(dir, source)},dst=${target}${more}`;
  const mounts = [
    bind('workspace', '/workspace', ''),
    bind('run', '/run/github-flows'),
    bind('secrets', '/run/secrets'),
    `--tmpfs=/home/user/.codex:uid=${uid},gid=${gid},mode=0700`,
  ];
  const variables = ['GH_TOKEN_FILE=/run/secrets/gh-token', 'CODEX_HOME=/home/user/.codex', 'LOG_LEVEL=info'];
  const args = ['run', '--rm', `--user=${user}`, ...hardening, ...limits, home, ...mounts, ...flags];
  const command = [agentImage(), 'sh', '-c', START, 'start', ...COMMAND];
  return exec('docker', [...args, ...variables.map((name) => `--env=${name}`), ...command], {
    env,
    timeoutMs: 60_000,
  });
}

describe('the agent image', () => {
  test.each(['none', 'bridge'])(
    'runs the documented command under every hardening flag, with the network %s',
    async (network) => {
      const before = stateFiles();
      const result = await runCodex(`--network=${network}`);

      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toMatch(/Issue #7 is answered by commit [0-9a-f]{7}/);
      expect(readFileSync(join(dir, 'workspace/repo/README.md'), 'utf8')).toBe('# Hello\nSeen: issue #7.\n');
      const log = await exec(
        'git',
        ['-c', 'safe.directory=*', '-C', join(dir, 'workspace/repo'), 'log', '--format=%s'],
        { env },
      );
      expect(log.stdout).toBe('Answer issue #7\nStart\n');

      expect(stateFiles()).toEqual(before);
      const asked = model.requests.filter((request) => request.turn);
      expect(asked).toHaveLength(2);
      expect(asked[0]?.turn?.prompt).toBe('Answer issue number 7, called “Say hello”.\n');
      expect(asked.map((request) => request.authorization)).toEqual(
        Array(2).fill(`Bearer ${login.accessToken}`),
      );
      expect(JSON.stringify(model.requests)).not.toContain(login.refreshToken);
    },
  );

  test('has a name in its passwd file for the user on its label, whose home is writable', async () => {
    const label = await docker(
      'image',
      'inspect',
      '-f',
      '{{index .Config.Labels "github-flows.user"}}',
      agentImage(),
    );
    const seen = await docker(
      'run',
      '--rm',
      '--network=none',
      agentImage(),
      'sh',
      '-c',
      'id -u; id -g; id -un; echo ~; test -w ~ && echo writable',
    );
    const [uid, gid, ...rest] = seen.trim().split('\n');
    expect(`${uid}:${gid}`).toBe(label.trim());
    expect(rest).toEqual(['user', '/home/user', 'writable']);
  });

  test('has the tools that agents and the service need, and says where its gh is from', async () => {
    const tools = ['bash', 'codex', 'curl', 'gh', 'git', 'rg', 'socat', 'ssh', 'timeout'];
    const found = await docker(
      'run',
      '--rm',
      '--network=none',
      agentImage(),
      'sh',
      '-c',
      `for t in ${tools.join(' ')}; do command -v $t > /dev/null && echo $t; done`,
    );
    expect(found.trim().split('\n')).toEqual(tools);
    const gh = await docker(
      'image',
      'inspect',
      '-f',
      '{{index .Config.Labels "github-flows.gh"}}',
      agentImage(),
    );
    const version = await docker('run', '--rm', '--network=none', agentImage(), 'gh', '--version');
    expect(gh.trim()).toMatch(/^\d+\.\d+\.\d+ (debian|release)$/);
    expect(version).toContain(`gh version ${gh.split(' ')[0]} `);
  });

  test('has no files of Codex’s voice, and nothing of the machine it was built on but its TLS roots', async () => {
    const seen = await docker(
      'run',
      '--rm',
      '--network=none',
      '--user=0:0',
      agentImage(),
      'sh',
      '-c',
      'find / -xdev -iname "*voice*" -path "*codex*"; ls /usr/local/share/ca-certificates /usr/local/src /opt /srv /root /tmp /workspace',
    );
    const roots = await exec(
      'find',
      ['-L', '/usr/local/share/ca-certificates', '-type', 'f', '-name', '*.crt'],
      { env },
    );
    const names = roots.stdout
      .split('\n')
      .filter(Boolean)
      .map((path) => path.replace(/^.*\//, ''));
    const files = seen.split('\n').filter((line) => line !== '' && !line.endsWith(':'));
    expect(files.toSorted()).toEqual(['codex', ...names].toSorted());
  });

  function stateFiles(): string[] {
    return ['auth.json', 'config.toml'].map((name) => readFileSync(join(dir, 'state', name), 'utf8'));
  }
});
