import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { execOk } from '../../src/programs/exec.ts';
import { egressRun } from '../support/network/egress.ts';
import { startInternet } from '../support/network/internet.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const env = { PATH: process.env.PATH ?? '' };

/** A registry with one package of one file. */
async function startRegistry(host: string, dir: string): Promise<number> {
  mkdirSync(join(dir, 'package'));
  const manifest = { name: 'hello', version: '1.2.3' };
  writeFileSync(join(dir, 'package/package.json'), JSON.stringify(manifest));
  await execOk('tar', ['-czf', join(dir, 'hello.tgz'), '-C', dir, 'package'], { env });
  const dist = { tarball: `https://${host}/hello/-/hello-1.2.3.tgz` };
  const about = {
    name: 'hello',
    'dist-tags': { latest: '1.2.3' },
    versions: { '1.2.3': { ...manifest, dist } },
  };
  const server = createHttpServer((request, response) => {
    response.end(request.url === '/hello' ? JSON.stringify(about) : readFileSync(join(dir, 'hello.tgz')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** What `socat` does in a container: from a port to a socket. */
async function forward(path: string): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const far = connect({ path, allowHalfOpen: true });
    socket.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('npm installs a package through the proxy, by its registry’s name alone', async () => {
  const dir = await temporaryDirectory();
  const host = 'packages.example.org';
  const port = await startRegistry(host, dir);
  const internet = await startInternet({ [host]: { port, host: '127.0.0.1' } });
  onTestFinished(internet.close);
  const { socketPath, requests, reasons } = await egressRun(1, {
    allow: [host],
    upstreamProxy: internet.proxy,
  });
  const proxy = await forward(socketPath);
  writeFileSync(join(dir, 'ca.pem'), internet.certificate.cert);
  writeFileSync(join(dir, 'package.json'), '{"name":"test","version":"1.0.0"}');
  await execOk('npm', ['install', 'hello', '--no-audit', '--no-fund'], {
    cwd: dir,
    timeoutMs: 25_000,
    env: {
      ...env,
      HOME: dir,
      HTTPS_PROXY: proxy,
      npm_config_registry: `https://${host}/`,
      npm_config_cafile: join(dir, 'ca.pem'),
      npm_config_cache: join(dir, 'cache'),
      npm_config_update_notifier: 'false',
    },
  });
  expect(JSON.parse(readFileSync(join(dir, 'node_modules/hello/package.json'), 'utf8')).version).toBe(
    '1.2.3',
  );
  expect(new Set(requests.map((each) => each.host))).toEqual(new Set([host]));
  expect(reasons()).toEqual([]);
});
