import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../../support/network/certificate.ts';
import { startInternet } from '../../support/network/internet.ts';
import { shellProfile, startService, type TestService, until } from '../../support/service/service.ts';

let service: TestService;
let port: number;
afterEach(async () => await service.close());

/** A TLS server on this machine's loopback, the only host that the policy and the list name. */
beforeEach(async () => {
  const server = createServer(selfSigned('localhost'), (socket) => socket.end('REACHED THE SERVER\n'));
  server.on('tlsClientError', () => {});
  port = await new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  onTestFinished(() => void server.close());
});

/** Starts a service whose one profile runs `script` and may reach the server; `list` replaces its list, `env` is added to the service's environment. */
async function start(
  script: string,
  list: string[] = [`localhost:${port}`],
  env: Record<string, string> = {},
): Promise<void> {
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile('', {
        handler: { type: 'shell', command: ['bash', '-c', script] },
        runtime: { network: { allow: list } },
      }),
    },
    env: (dir) => ({ POLICY_FILE: join(dir, 'admin/policy.json'), ...env }),
    prepare(dir) {
      mkdirSync(join(dir, 'admin'), { mode: 0o700 });
      const policy = { privateHosts: [`localhost:${port}`] };
      writeFileSync(join(dir, 'admin/policy.json'), JSON.stringify(policy), { mode: 0o600 });
    },
  });
}

const TLS = 'openssl s_client -quiet -proxy 127.0.0.1:3128';

describe('a run whose network is a list', () => {
  test('reaches the host of its list, and every request is in its timeline', async () => {
    await start(
      `echo | ${TLS} -connect localhost:${port} -servername localhost 2>/dev/null; echo "$HTTPS_PROXY $NODE_USE_ENV_PROXY"`,
    );
    const run = await service.run();
    expect(service.output(run.id)).toBe('REACHED THE SERVER\nhttp://127.0.0.1:3128 1\n');
    const requests = (await service.app.runs.timeline(run.id)).filter((entry) => entry.kind === 'egress');
    expect(requests.map(({ data }) => data)).toMatchObject([
      { host: 'localhost', port, decision: 'granted' },
      { host: 'localhost', port, decision: 'closed', reason: null, count: 1 },
    ]);
    expect(requests[1]?.data.bytesDown).toBeGreaterThan(500);
  });

  test('has no interface, no name service, no other host, no other port, no other name inside TLS, no plain HTTP', async () => {
    const other = createPlainServer((socket) => socket.end('REACHED')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    onTestFinished(() => void other.close());
    const otherPort = (other.address() as { port: number }).port;
    await start(`
      ls /sys/class/net | grep -v '^lo$'
      getent hosts github.com
      ask() { printf 'CONNECT %s HTTP/1.1\\r\\n\\r\\n' "$1" | timeout 5 socat -t 5 - TCP:127.0.0.1:3128 | head -c 12; echo " $1"; }
      ask github.com:443; ask localhost:${otherPort}; ask 169.254.169.254:80; ask 127.0.0.1:${port}; ask '[::1]:${port}'
      ask localhost.:${port} >/dev/null
      echo | timeout 5 ${TLS} -connect localhost:${port} -servername evil.example 2>/dev/null | grep REACHED
      { printf 'CONNECT localhost:${port} HTTP/1.1\\r\\n\\r\\n'; sleep 1; echo 'no TLS at all'; } | timeout 5 socat -t 5 - TCP:127.0.0.1:3128 | grep REACHED
      curl -s -m 5 -o /dev/null -w '%{http_code}\\n' http://localhost:${otherPort}/ --noproxy ''
    `);
    const run = await service.run();
    const said = service.output(run.id);
    expect(said).not.toContain('REACHED');
    expect(said.split('\n').slice(0, 5)).toEqual([
      'HTTP/1.1 403 github.com:443',
      `HTTP/1.1 403 localhost:${otherPort}`,
      'HTTP/1.1 403 169.254.169.254:80',
      `HTTP/1.1 403 127.0.0.1:${port}`,
      `HTTP/1.1 403 [::1]:${port}`,
    ]);
    const refused = (await service.app.runs.timeline(run.id)).filter(
      ({ data }) => data.decision === 'refused',
    );
    expect(refused.length).toBeGreaterThanOrEqual(6);
  });

  test('tells at its end what it had only counted', async () => {
    await start(`
      for i in 1 2 3 4 5; do
        printf 'CONNECT github.com:443 HTTP/1.1\\r\\n\\r\\n' | timeout 5 socat -t 5 - TCP:127.0.0.1:3128 >/dev/null
      done
    `);
    const run = await service.run();
    const requests = (await service.app.runs.timeline(run.id)).filter((entry) => entry.kind === 'egress');
    expect(requests.map(({ data }) => data.count)).toEqual([1, 4]);
    expect(requests[1]?.text).toBe('… and 4 more to github.com:443: refused (egress_not_listed).');
  });

  test('goes through the proxy that the service’s environment names, but for the hosts of NO_PROXY', async () => {
    const server = createPlainServer((socket) => socket.end('REACHED BY THE PROXY\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const internet = await startInternet({
      'git.example.org': { port: (server.address() as AddressInfo).port, host: '127.0.0.1' },
    });
    onTestFinished(internet.close);
    await start(
      `
      for host in git.example.org nothing.example.com; do
        echo | timeout 10 ${TLS} -connect $host:443 -servername $host 2>/dev/null
      done
      echo | ${TLS} -connect localhost:${port} -servername localhost 2>/dev/null; true
      `,
      ['git.example.org', 'nothing.example.com', `localhost:${port}`],
      { HTTPS_PROXY: internet.proxy.href, NO_PROXY: '.example.com' },
    );
    const run = await service.run();
    expect(service.output(run.id)).toBe('REACHED BY THE PROXY\nREACHED THE SERVER\n');
    expect(internet.names).toEqual(['git.example.org']);
  });

  test('finds its way out again after the service was restarted', async () => {
    await start(`
      echo waiting
      until [ -e /workspace/go ]; do sleep 0.1; done
      echo | ${TLS} -connect localhost:${port} -servername localhost 2>/dev/null; true
    `);
    const runId = (await service.comment()).decision?.runId ?? '';
    await until('the agent waits', async () => {
      const run = await service.app.runs.find(runId);
      return run?.state === 'running' && service.output(runId).includes('waiting') ? true : undefined;
    });
    await service.stop(0);
    writeFileSync(join(service.config.workspaceRoot, 'octo/hello', runId, 'go'), '');
    await service.start();
    expect(await service.ended(runId)).toMatchObject({ outcome: 'succeeded', attempt: 1 });
    expect(service.output(runId)).toBe('waiting\nREACHED THE SERVER\n');
  });

  test('cannot be given a private host that the policy does not name: the profile is refused at load', async () => {
    await expect(start('true', ['localhost:9', 'db.internal', '*', '10.0.0.1'])).rejects.toMatchObject({
      code: 'profiles_invalid',
    });
    await start('true');
  });
});
