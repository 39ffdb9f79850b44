import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { until } from '../service/service.ts';
import { baseImage } from './images.ts';

/** A Docker Engine of a test's own, with nothing in common with the machine's but the kernel and the files. */
export type OwnEngine = {
  /** For `DOCKER_HOST`. */
  host: string;
  docker: Docker;
  /** Ends it as the machine's shutdown would, containers and all. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes all that it had. */
  remove(): Promise<void>;
};

/** An image that is nothing but busybox, on every engine of this file. */
export const TINY_IMAGE = 'github-flows-tiny:latest';

/** https://man7.org/linux/man-pages/man7/capabilities.7.html, in the order of their numbers. */
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ';

const DAEMON_FLAGS = '--bridge=none --iptables=false --ip6tables=false --log-level=warn';

/**
 * Starts an engine in a network namespace of its own. It runs in a container that is chrooted to the host, so that
 * whoever may use the machine's engine may start it, root or not.
 */
export async function startOwnEngine(name: string): Promise<OwnEngine> {
  const dir = mkdtempSync('/tmp/gf-engine-');
  const socket = join(dir, 'docker.sock');
  const container = `gf-test-${name}-${process.pid}`;
  const places = `--data-root ${dir}/data --exec-root ${dir}/exec --pidfile ${dir}/pid -H unix://${socket}`;
  // The machine's own engine may know fewer capabilities than its kernel, so `--privileged` is not always possible.
  const given = ['--cap-drop=ALL', ...hostCapabilities().map((capability) => `--cap-add=${capability}`)];
  const open = ['--security-opt=seccomp=unconfined', '--security-opt=apparmor=unconfined', '--pid=host'];
  const group = `--group ${process.getgid?.() ?? 0}`;
  const command = `/host unshare --net -- dockerd ${places} ${group} ${DAEMON_FLAGS}`.split(' ');
  await execa('docker', [
    ...['run', '-d', '--name', container, '--user=0', '--network=none', '-v', '/:/host'],
    ...given,
    ...open,
    ...['--entrypoint=chroot', baseImage(), ...command],
  ]);
  const docker = new Docker({ socketPath: socket });
  const ready = async (): Promise<void> => {
    await until(
      'the engine answers',
      async () =>
        await docker.ping().then(
          () => true,
          () => undefined,
        ),
      30_000,
    );
  };
  const remove = async (): Promise<void> => {
    await execa('docker', ['stop', '-t', '20', container], { reject: false });
    await execa('docker', ['rm', '-f', container], { reject: false });
    const wipe = ['--network=none', '--user=0', '-v', '/tmp:/host', '--entrypoint=rm', baseImage()];
    await execa('docker', ['run', '--rm', ...wipe, '-rf', dir.replace('/tmp', '/host')], { reject: false });
  };
  try {
    await ready();
    await execa('sh', [
      '-c',
      `tar -C ${tinyTree(dir)} -c . | docker -H unix://${socket} import - ${TINY_IMAGE}`,
    ]);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    host: `unix://${socket}`,
    docker,
    stop: async () => void (await execa('docker', ['stop', '-t', '20', container])),
    async start() {
      await execa('docker', ['start', container]);
      await ready();
    },
    remove,
  };
}

/** What this machine's first process may have; a sandbox has not all. */
function hostCapabilities(): string[] {
  const bounding = /^CapBnd:\s*(\S+)$/m.exec(readFileSync('/proc/1/status', 'utf8'))?.[1] ?? '0';
  return CAPABILITIES.split(' ').filter((_, bit) => (BigInt(`0x${bounding}`) >> BigInt(bit)) & 1n);
}

function tinyTree(dir: string): string {
  const tree = join(dir, 'tiny');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync('/usr/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of ['sh', 'timeout', 'sleep', 'cat', 'id', 'grep', 'mkdir', 'cp', 'chmod'])
    symlinkSync('busybox', join(tree, 'bin', name));
  mkdirSync(join(tree, 'etc'));
  writeFileSync(join(tree, 'etc/passwd'), 'user:x:1000:1000::/home/user:/bin/sh\n');
  return tree;
}
