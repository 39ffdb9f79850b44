import type { ContainerCreateOptions, HostConfig } from 'dockerode';

/** The bridge that containers with an open network share; they cannot reach each other on it. */
export const NETWORK_NAME = 'github-flows';

/** No core dumps: they hold the memory of a process, and may be written where the host's own lie. */
const NO_CORE = { Name: 'core', Soft: 0, Hard: 0 };

/** What no profile can change: no capability, no new privilege, no port, no restart, no core dump, nothing shared with the host. */
export const HARDENED_HOST = {
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges:true'],
  Privileged: false,
  Init: true,
  IpcMode: 'private',
  CgroupnsMode: 'private' as const,
  AutoRemove: false,
  RestartPolicy: { Name: 'no' },
  PublishAllPorts: false,
  OomKillDisable: false,
  Ulimits: [NO_CORE],
} satisfies HostConfig & { CgroupnsMode: 'private' };

/** What of an image is not used: its health check would run beside the agent, its stop signal may be one that agents ignore. */
export const HARDENED_CONTAINER = {
  Tty: false,
  OpenStdin: false,
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  StopSignal: 'SIGTERM',
  Healthcheck: { Test: ['NONE'] },
} as const satisfies ContainerCreateOptions;

/** The least size of the engine's own log file, so that a small cap on the host does not make the engine drop what is read late. */
const LEAST_LOG_BYTES = 16 * 1024 * 1024;

/**
 * The engine's own log of one container: two files of three caps each.
 *
 * A follower that falls behind by a whole file loses one (the engine reads on in the newest), so the first file alone
 * holds more than the service keeps: an entry is hardly longer there than in our own log (see `logRecord`).
 */
export function engineLog(capBytes: number): NonNullable<HostConfig['LogConfig']> {
  const fileBytes = Math.max(LEAST_LOG_BYTES, 3 * capBytes);
  return { Type: 'json-file', Config: { 'max-size': String(fileBytes), 'max-file': '2' } };
}
