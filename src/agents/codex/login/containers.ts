import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ContainerCreateOptions } from 'dockerode';
import type { Owner } from '../../../base/files.ts';
import { bindMount } from '../../../containers/create/spec.ts';
import { engineLog, HARDENED_CONTAINER, HARDENED_HOST, NETWORK_NAME } from '../../../containers/hardening.ts';
import { LABEL_NAMESPACE, LABELS } from '../../../containers/labels.ts';

/** What a container does with a Codex state; none of them is a run's. */
export const STATE_LABELS = {
  /** The real path of the state that it writes. */
  state: `${LABEL_NAMESPACE}codex-state`,
  /** It refreshes that state's login, and is waited for, never stopped. */
  refresh: `${LABEL_NAMESPACE}codex-refresh`,
} as const;

/** The one name of the container in which the one-time login happens; it is no run's, so no sweep touches it. */
export const LOGIN_CONTAINER = 'github-flows-codex-login';

/** The one name of the container in which a person uses Codex on the host's own login. */
export const INTERACTIVE_CONTAINER = 'github-flows-codex-interactive';

/** A container that may write a Codex state. */
export type CodexContainer = {
  image: string;
  /** The real path of the state directory, mounted writable. */
  stateDir: string;
  owner: Owner;
};

const STATE_TARGET = '/home/user/.codex';

const LIMITS = { memoryBytes: 1024 ** 3, pids: 256, logBytes: 1024 ** 2, stopSec: 2 };

/** The name of the container that refreshes the login in this state: one for each state. */
export function refreshContainerName(stateDir: string): string {
  return `github-flows-codex-refresh-${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`;
}

/** The container of `codex login --device-auth`. */
export function codexLoginSpec(container: CodexContainer): ContainerCreateOptions {
  return {
    ...stateContainer(container),
    name: LOGIN_CONTAINER,
    Entrypoint: ['codex'],
    Cmd: ['login', '--device-auth'],
  };
}

/** The container of an interactive Codex on a terminal of the kind `term` (the value of TERM). */
export function codexInteractiveSpec(container: CodexContainer, term: string): ContainerCreateOptions {
  const spec = stateContainer(container);
  return {
    ...spec,
    name: INTERACTIVE_CONTAINER,
    Entrypoint: ['codex'],
    Cmd: [],
    Env: [...(spec.Env ?? []), `TERM=${term}`],
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  };
}

/** The container in which Codex refreshes the login and ends by itself; `installation` waits for it after a restart. */
export function codexRefreshSpec(
  container: CodexContainer,
  installation: string,
): ContainerCreateOptions & { name: string } {
  const spec = stateContainer(container);
  const script = readFileSync(new URL('./refresh.sh', import.meta.url), 'utf8');
  return {
    ...spec,
    name: refreshContainerName(container.stateDir),
    Labels: { ...spec.Labels, [LABELS.installation]: installation, [STATE_LABELS.refresh]: 'true' },
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', script],
  };
}

/** Hardened like a run's: of the host it holds the state directory, writable, and nothing else; `/workspace` is empty. */
function stateContainer({ image, stateDir, owner: { uid, gid } }: CodexContainer): ContainerCreateOptions {
  return {
    ...HARDENED_CONTAINER,
    Image: image,
    User: `${uid}:${gid}`,
    WorkingDir: '/workspace',
    Env: ['HOME=/home/user', `CODEX_HOME=${STATE_TARGET}`],
    Labels: { [STATE_LABELS.state]: stateDir },
    StopTimeout: LIMITS.stopSec,
    HostConfig: {
      ...HARDENED_HOST,
      Memory: LIMITS.memoryBytes,
      MemorySwap: LIMITS.memoryBytes,
      PidsLimit: LIMITS.pids,
      NetworkMode: NETWORK_NAME,
      // The state lies on the host and belongs to the host's user, whatever the engine maps users to.
      UsernsMode: 'host',
      Mounts: [bindMount({ source: stateDir, target: STATE_TARGET, readOnly: false })],
      Tmpfs: { '/workspace': `rw,nosuid,nodev,noexec,size=1m,mode=0700,uid=${uid},gid=${gid}` },
      LogConfig: engineLog(LIMITS.logBytes),
    },
  };
}
