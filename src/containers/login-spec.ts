import type { ContainerCreateOptions } from 'dockerode';
import type { Owner } from '../base/files.ts';
import { engineLog, HARDENED_CONTAINER, HARDENED_HOST, NETWORK_NAME } from './hardening.ts';
import { bindMount } from './spec.ts';

/** The one name of the container in which the one-time login happens; it is no run's, so no sweep touches it. */
export const LOGIN_CONTAINER = 'github-flows-codex-login';

const STATE_TARGET = '/home/user/.codex';

const LIMITS = { memoryBytes: 1024 ** 3, pids: 256, logBytes: 1024 ** 2, stopSec: 2 };

/**
 * The container of `codex login --device-auth`, hardened like a run's: of the host it holds `stateDir`, writable, and
 * nothing else; `/workspace` is empty.
 */
export function codexLoginSpec(login: {
  image: string;
  stateDir: string;
  owner: Owner;
}): ContainerCreateOptions {
  const { uid, gid } = login.owner;
  return {
    ...HARDENED_CONTAINER,
    name: LOGIN_CONTAINER,
    Image: login.image,
    Entrypoint: ['codex'],
    Cmd: ['login', '--device-auth'],
    User: `${uid}:${gid}`,
    WorkingDir: '/workspace',
    Env: ['HOME=/home/user', `CODEX_HOME=${STATE_TARGET}`],
    StopTimeout: LIMITS.stopSec,
    HostConfig: {
      ...HARDENED_HOST,
      Memory: LIMITS.memoryBytes,
      MemorySwap: LIMITS.memoryBytes,
      PidsLimit: LIMITS.pids,
      NetworkMode: NETWORK_NAME,
      Mounts: [bindMount({ source: login.stateDir, target: STATE_TARGET, readOnly: false })],
      Tmpfs: { '/workspace': `rw,nosuid,nodev,noexec,size=1m,mode=0700,uid=${uid},gid=${gid}` },
      LogConfig: engineLog(LIMITS.logBytes),
    },
  };
}
