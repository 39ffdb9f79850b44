import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type ScriptedModel, startScriptedModel } from '../../src/cli/commands/demo/model.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import { parseAllowList } from '../../src/egress/allow-list.ts';
import type { EgressRequest } from '../../src/egress/egress-request.ts';
import { EGRESS_LIMITS } from '../../src/egress/limits.ts';
import { createEgress, type Egress } from '../../src/egress/proxy/sockets.ts';
import { hostLists } from '../../src/egress/shipped-lists.ts';
import { type ExecResult, exec, execOk } from '../../src/programs/exec.ts';
import { editReadme } from '../support/codex/model.ts';
import { runAs } from '../support/engine/container-run.ts';
import { agentImage } from '../support/engine/images.ts';
import { git, makeRepository } from '../support/git/repository.ts';
import { type GitServer, startGitServer } from '../support/git/server.ts';
import { type Internet, startInternet } from '../support/network/internet.ts';
import { until } from '../support/service/service.ts';

/** What the start script does when a run has a list: a way from the loopback to the run's proxy. */
const FORWARDER = `socat -t 3600 TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=128 \\
  UNIX-CONNECT:/run/github-flows/egress/proxy.sock,retry=30,interval=1 </dev/null >/dev/null 2>&1 &
until grep -q ' 0100007F:0C38 00000000:0000 0A ' /proc/net/tcp; do sleep 0.05; done
`;

const CERTIFICATE = '/run/github-flows/certificate.pem';
const PROXY = 'http://127.0.0.1:3128';
const ENVIRONMENT = {
  HOME: '/home/user',
  HTTPS_PROXY: PROXY,
  https_proxy: PROXY,
  HTTP_PROXY: PROXY,
  http_proxy: PROXY,
  NO_PROXY: 'localhost,127.0.0.1,::1',
  no_proxy: 'localhost,127.0.0.1,::1',
  SSL_CERT_FILE: CERTIFICATE,
  GIT_SSL_CAINFO: CERTIFICATE,
  CODEX_CA_CERTIFICATE: CERTIFICATE,
  GH_TOKEN: 'ghp_0123456789',
  CODEX_API_KEY: 'sk-0123456789',
};

const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };
const user = `${runAs.uid}:${runAs.gid}`;
const api = createServer((request, response) => {
  response
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ login: 'mona', path: request.url }));
});

let dir: string;
let container: string;
let gitServer: GitServer;
let model: ScriptedModel;
let internet: Internet;
let own: string;
let egress: Egress;
let openProxy: (allow: readonly string[], how: 'direct' | 'upstream') => Promise<void>;
let requests: EgressRequest[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gf-egress-'));
  gitServer = await startGitServer(dir);
  makeRepository(dir, 'octo', 'hello').commit({ 'README.md': '# Hello\n', big: 'x'.repeat(300_000) });
  model = await startScriptedModel({
    socketPath: join(dir, 'model.sock'),
    script: editReadme,
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const repositories = { port: Number(new URL(gitServer.url).port), host: '127.0.0.1' };
  internet = await startInternet({
    'git.example.org': repositories,
    'evil.example.org': repositories,
    'github.com': repositories,
    'api.github.com': { port: (api.address() as AddressInfo).port, host: '127.0.0.1' },
    'api.openai.com': { path: join(dir, 'model.sock') },
    'chatgpt.com': { path: join(dir, 'model.sock') },
  });
  own = `git.example.org:${internet.port}`;
  mkdirSync(join(dir, 'files'), { mode: 0o755 });
  mkdirSync(join(dir, 'workspace'));
  chmodSync(join(dir, 'workspace'), 0o777);
  writeFileSync(join(dir, 'files/certificate.pem'), internet.certificate.cert);
  writeFileSync(join(dir, 'files/forward'), FORWARDER);
  openProxy = async (allow, how) => {
    egress = createEgress({
      dirOf: () => join(dir, 'files/egress'),
      clock: systemClock,
      log: pino({ level: 'silent' }),
      limits: EGRESS_LIMITS,
      privateHosts: [own],
      resolve: async () => ['127.0.0.1'],
      ...(how === 'upstream' ? { upstreamProxy: internet.proxy } : {}),
    });
    const { list } = parseAllowList(allow, hostLists(AGENTS));
    await egress.open('run', list, (request) => requests.push(request));
  };
  container = await startContainer();
}, 120_000);

afterAll(async () => {
  if (container) await execOk('docker', ['rm', '-f', container], { env });
  await egress?.closeAll();
  await internet?.close();
  await gitServer?.close();
  await model?.close();
  await new Promise((resolve) => api.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

beforeEach(() => {
  requests = [];
});

/** A container as runs get it, without any network, which only forwards. */
async function startContainer(): Promise<string> {
  const hardening = ['--init', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const home = `--tmpfs=/home/user:uid=${runAs.uid},gid=${runAs.gid},mode=0700,exec`;
  const out = await execOk(
    'docker',
    [
      ...['run', '--detach', '--rm', '--network=none', `--user=${user}`, ...hardening, home, '--tmpfs=/tmp'],
      `--mount=type=bind,src=${join(dir, 'files')},dst=/run/github-flows,readonly`,
      `--mount=type=bind,src=${join(dir, 'workspace')},dst=/workspace`,
      ...Object.entries(ENVIRONMENT).map(([name, value]) => `--env=${name}=${value}`),
      ...[agentImage(), 'sh', '-c', '. /run/github-flows/forward; sleep 600'],
    ],
    { env, timeoutMs: 60_000 },
  );
  return out.trim();
}

/** What a command in the container prints and how it ends; at most half a minute. */
async function run(command: string): Promise<ExecResult> {
  return await exec('docker', ['exec', container, 'timeout', '30', 'bash', '-c', command], {
    env,
    timeoutMs: 60_000,
  });
}

function told(): string[] {
  return requests.map(({ decision, host, reason }) => `${decision} ${host}${reason ? ` ${reason}` : ''}`);
}

async function reopen(allow: readonly string[], how: 'direct' | 'upstream'): Promise<void> {
  await egress?.closeAll();
  await openProxy(allow, how);
}

describe('in a container without any network, with a server of the own network on the list', () => {
  test('curl gets its answer, and git clones', async () => {
    await reopen([own], 'direct');
    const answer = await run(
      `curl -sS -o /dev/null -w '%{http_code}' https://${own}/octo/hello.git/info/refs`,
    );
    expect(answer).toMatchObject({ exitCode: 0, stdout: '200' });
    const clone = await run(`cd /tmp && git clone -q https://${own}/octo/hello.git && wc -c < hello/big`);
    expect(clone).toMatchObject({ exitCode: 0, stdout: '300000\n' });
    await until('all are closed', () => (requests.filter(isClosed).length === 2 ? true : undefined));
    expect(told()).toContain('granted git.example.org');
    expect(requests.filter(isClosed).every(({ reason }) => reason === null)).toBe(true);
    expect(Math.max(...requests.map(({ bytesDown }) => bytesDown))).toBeGreaterThan(300);
  });

  test('another host, another port and an address are refused before anything is connected', async () => {
    await reopen([own], 'direct');
    for (const host of [
      `evil.example.org:${internet.port}`,
      'git.example.org',
      `127.0.0.2:${internet.port}`,
    ]) {
      const { exitCode, stderr } = await run(`curl -sS https://${host}/`);
      expect([exitCode, stderr]).toEqual([56, expect.stringContaining('403')]);
    }
    expect(told()).toEqual([
      'refused evil.example.org egress_not_listed',
      'refused git.example.org egress_not_listed',
      'refused 127.0.0.2 egress_address_asked',
    ]);
    const clone = await run(
      `git clone -q https://evil.example.org:${internet.port}/octo/hello.git /tmp/evil`,
    );
    expect(clone.exitCode).not.toBe(0);
  });

  test('plain HTTP is told what is possible', async () => {
    await reopen([own], 'direct');
    const { stdout } = await run('curl -sS -w "%{http_code}" http://git.example.org/');
    expect(stdout).toContain(`It may reach ${own}.`);
    expect(stdout).toMatch(/405$/);
  });

  test('TLS that names another server than CONNECT did never reaches one', async () => {
    await reopen([own], 'direct');
    const seen = internet.names.length;
    const { exitCode, stderr } = await run(
      `curl -sS --connect-to ::git.example.org:${internet.port} https://evil.example.org/`,
    );
    expect([exitCode, stderr]).toEqual([35, expect.stringContaining('alert access denied')]);
    const none = await run(`curl -sS -k --connect-to ::git.example.org:${internet.port} https://10.0.0.1/`);
    expect(none.exitCode).toBe(35);
    expect(internet.names.slice(seen)).toEqual([]);
    expect(told()).toEqual([
      'refused git.example.org egress_name_differs',
      'refused git.example.org egress_name_missing',
    ]);
  });

  test('what is not TLS never reaches a server: SSH and HTTP inside of CONNECT', async () => {
    await reopen([own], 'direct');
    const seen = internet.names.length;
    const inside = (text: string): string =>
      `printf '${text}' | timeout 5 socat - PROXY:127.0.0.1:${own},proxyport=3128`;
    await run(inside('SSH-2.0-OpenSSH_9.2\\r\\n'));
    await run(inside('GET / HTTP/1.1\\r\\nHost: git.example.org\\r\\n\\r\\n'));
    expect(internet.names.slice(seen)).toEqual([]);
    expect(told()).toEqual(Array(2).fill('refused git.example.org egress_not_tls'));
  });

  test('there is no other way out: one interface, no names, and nothing of the host', async () => {
    await reopen([own], 'direct');
    const interfaces = await run(
      "ls /sys/class/net; cat /proc/net/route /proc/net/ipv6_route | grep -v ' lo$' | wc -l",
    );
    expect(interfaces.stdout.trim().split('\n')[0]).toBe('lo');
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const hosts = [
      ...addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
      '169.254.169.254',
      '1.1.1.1',
    ];
    for (const host of hosts) {
      const { exitCode } = await run(`curl -sS -m 3 --noproxy '*' -k https://${host}:${internet.port}/`);
      expect([host, exitCode]).toEqual([host, 7]);
    }
    expect((await run('getent hosts github.com')).exitCode).not.toBe(0);
    expect(requests).toEqual([]);
  });

  test('the proxy also answers those that do not go through the forwarder', async () => {
    await reopen([own], 'direct');
    const socket = '/run/github-flows/egress/proxy.sock';
    const direct = await run(
      `printf 'CONNECT evil.example.org:443 HTTP/1.1\\r\\n\\r\\n' | socat -t 5 - UNIX-CONNECT:${socket}`,
    );
    expect(direct.stdout).toMatch(/^HTTP\/1\.1 403 /);
    const away = await run(`rm -f ${socket}; mv ${socket} /tmp/x; touch /run/github-flows/egress/x`);
    expect(away.exitCode).not.toBe(0);
    expect(existsSync(join(dir, 'files/egress/proxy.sock'))).toBe(true);
  });

  test('a request made while the service restarts waits for it and works', async () => {
    await reopen([own], 'direct');
    await egress.closeAll();
    const waiting = run(`curl -sS -o /dev/null -w '%{http_code}' https://${own}/octo/hello.git/HEAD`);
    await systemClock.sleep(1500);
    await openProxy([own], 'direct');
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: '200' });
    expect((await run(`curl -sSf -o /dev/null https://${own}/octo/hello.git/HEAD`)).exitCode).toBe(0);
  });

  test('forty requests, sixteen at once, all get their answers', async () => {
    await reopen([own], 'direct');
    const { exitCode, stdout } = await run(
      `seq 40 | xargs -P 16 -I{} curl -sSf -o /dev/null -w '%{http_code}\\n' https://${own}/octo/hello.git/HEAD | sort | uniq -c`,
    );
    expect([exitCode, stdout.trim()]).toEqual([0, '40 200']);
  });
});

describe('with the shipped lists, under the real names', () => {
  test('git clones and fetches from GitHub', async () => {
    await reopen(['@github'], 'upstream');
    const { exitCode, stdout, stderr } = await run(
      'cd /tmp && rm -rf hub && git clone -q --depth 1 https://github.com/octo/hello.git hub && cd hub && git fetch -q && git log --format=%an',
    );
    expect([exitCode, stdout, stderr]).toEqual([0, 'Author\n', '']);
  });

  test('gh asks GitHub’s API', async () => {
    await reopen(['@github'], 'upstream');
    const { exitCode, stdout } = await run('gh api user --jq .login');
    expect([exitCode, stdout]).toEqual([0, 'mona\n']);
    expect(told()).toContain('granted api.github.com');
  });

  test('the real Codex works to its end and commits', async () => {
    await reopen(['@codex'], 'upstream');
    git(dir, ['clone', '-q', join(dir, 'octo/hello.git'), join(dir, 'workspace/repo')]);
    await execOk('chmod', ['-R', 'a+rwX', join(dir, 'workspace/repo')], { env });
    const prompt = 'Answer issue number 7, called “Say hello”.';
    const { exitCode, stdout, stderr } = await run(
      `export CODEX_HOME=/tmp/codex GIT_CONFIG_COUNT=3 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \\
         GIT_CONFIG_KEY_1=user.name GIT_CONFIG_VALUE_1=A GIT_CONFIG_KEY_2=user.email GIT_CONFIG_VALUE_2=a@example.com
       mkdir -p $CODEX_HOME && echo '${prompt}' | codex exec --dangerously-bypass-approvals-and-sandbox -C /workspace/repo`,
    );
    expect([exitCode, stdout], stderr).toEqual([0, expect.stringMatching(/Issue #7 is answered by commit/)]);
    expect(model.requests.filter(({ turn }) => turn).length).toBeGreaterThan(0);
    // What Codex would like to reach besides is refused, and does not keep it from its work.
    const hosts = (decision: string): Set<string> =>
      new Set(requests.filter((each) => each.decision === decision).map(({ host }) => host));
    expect(hosts('granted')).toEqual(new Set(['api.openai.com', 'chatgpt.com']));
    expect([...hosts('refused')].filter((host) => hosts('granted').has(host))).toEqual([]);
  });
});

function isClosed({ decision }: EgressRequest): boolean {
  return decision === 'closed';
}
