import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { spawnProgram } from '../processes/spawn-program.ts';
import { until } from '../service/service.ts';
import { TINY_IMAGE } from './own-engine.ts';

/**
 * Starts an engine that maps users (`userns-remap`) from `first` on, for a test that is root. Its files say so in its
 * own mount namespace; the machine's stay as they are. Gives its address, and how to end it with all that it had.
 */
export async function startMappingEngine(first: number): Promise<{ host: string; remove(): Promise<void> }> {
  const dir = mkdtempSync('/tmp/gf-mapping-');
  chmodSync(dir, 0o755);
  for (const name of ['subuid', 'subgid']) writeFileSync(join(dir, name), `nobody:${first}:65536\n`);
  const host = `unix://${dir}/docker.sock`;
  const places = `--data-root ${dir}/data --exec-root ${dir}/exec --pidfile ${dir}/pid -H ${host}`;
  const flags = '--bridge=none --iptables=false --ip6tables=false --userns-remap=nobody:nogroup';
  const mounts = ['subuid', 'subgid'].map(
    (name) => `touch /etc/${name} && mount --bind ${dir}/${name} /etc/${name}`,
  );
  const script = [...mounts, `exec dockerd ${places} ${flags} > ${dir}/log 2>&1`].join(' && ');
  // The daemon finds containerd and runc by itself, where Debian has them.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const daemon = spawnProgram('unshare', ['--net', '--mount', 'sh', '-c', script], { stdio: 'ignore', env });
  const over = once(daemon, 'exit');
  const remove = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await over;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const docker = new Docker({ socketPath: join(dir, 'docker.sock') });
    const ping = () => docker.ping().then(Boolean, () => undefined);
    await until('the engine answers', ping, 60_000);
    await execa('sh', ['-c', `tar -C ${tinyTree(dir)} -c . | docker -H ${host} import - ${TINY_IMAGE}`]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { host, remove };
}

function tinyTree(dir: string): string {
  const tree = join(dir, 'tiny');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync('/usr/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of ['sh', 'timeout', 'cat', 'id', 'date', 'rm'])
    symlinkSync('busybox', join(tree, 'bin', name));
  return tree;
}
