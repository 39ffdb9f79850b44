import { type ChildProcess, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { spawnProgram } from '../processes/spawn-program.ts';

/** Where a container finds the server: in its workspace, for it has no network. */
const SOCKET = 'ssh.sock';

/** The name that the server's host key is known by. */
export const SSH_HOST = 'git.example.test';

/** Debian's sshd on unix sockets, for the account of the test itself; `close` ends it. */
export type SshServer = {
  /** Who logs in. */
  user: string;
  /** The private key that is let in. */
  key: string;
  /** The server's line for known hosts. */
  knownHosts: string;
  close(): Promise<void>;
};

/** `~/.ssh/config` of a container that reaches the server by its socket. */
export const sshConfig = `Host ${SSH_HOST}\\n  ProxyCommand socat - UNIX-CONNECT:/workspace/${SOCKET}\\n`;

/** Serves ssh in the workspace of each run of one repository as it appears: `work` is `<root>/<owner>/<repo>`. */
export function serveSshInEachRun(dir: string, work: string): SshServer {
  mkdirSync(dir, { mode: 0o700 });
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(dir, name)]);
  const keyOf = (name: string): string => readFileSync(join(dir, name), 'utf8');
  writeFileSync(join(dir, 'authorized'), keyOf('user.pub'));
  const config = join(dir, 'config');
  writeFileSync(
    config,
    [
      `HostKey ${join(dir, 'host')}`,
      `AuthorizedKeysFile ${join(dir, 'authorized')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'PidFile none',
      '',
    ].join('\n'),
  );
  const hasOwnRun = process.getuid?.() === 0 && !existsSync('/run/sshd');
  if (hasOwnRun) mkdirSync('/run/sshd', { mode: 0o755 });
  const servers = new Map<string, ChildProcess>();
  const look = systemClock.every(10, () => {
    for (const run of existsSync(work) ? readdirSync(work) : [])
      if (!servers.has(run)) servers.set(run, listen(join(work, run, SOCKET), config));
  });
  return {
    user: userInfo().username,
    key: keyOf('user'),
    knownHosts: `${SSH_HOST} ${keyOf('host.pub')}`,
    async close() {
      look.stop();
      for (const server of servers.values()) {
        server.kill();
        if (server.exitCode === null) await new Promise((resolve) => server.once('exit', resolve));
      }
      if (hasOwnRun) rmdirSync('/run/sshd');
      chmodSync(dir, 0o700);
    },
  };
}

function listen(socket: string, config: string): ChildProcess {
  const sshd = `/usr/sbin/sshd -i -e -f ${config}`;
  return spawnProgram('socat', [`UNIX-LISTEN:${socket},fork,mode=666`, `EXEC:${sshd}`], { stdio: 'ignore' });
}
