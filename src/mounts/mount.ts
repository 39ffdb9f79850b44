import type { Agent } from '../agents/agent.ts';
import type { Policy } from '../policy/policy.ts';

/** A bind as a profile wrote it: absolute, literal paths; `asWritten` is the flag with its value. */
export type BindArg = { type: 'bind'; source: string; target: string; readOnly: boolean; asWritten: string };

/** A tmpfs as a profile wrote it; size in bytes, mode as a number. */
export type TmpfsArg = {
  type: 'tmpfs';
  target: string;
  sizeBytes?: number;
  mode?: number;
  uid?: number;
  gid?: number;
  asWritten: string;
};

/** A volume of the engine as a profile wrote it; only a policy makes one possible. */
export type VolumeArg = {
  type: 'volume';
  /** Its name on the engine. */
  volume: string;
  target: string;
  readOnly: boolean;
  asWritten: string;
};

/** One mount of a profile. */
export type MountArg = BindArg | TmpfsArg | VolumeArg;

/** `runtime.dockerArgs`, parsed; sizes in bytes. A flag that was not given is absent. */
export type DockerArgs = {
  mounts: readonly MountArg[];
  env: Readonly<Record<string, string>>;
  memoryBytes?: number;
  cpus?: number;
  pids?: number;
  shmSizeBytes?: number;
  ulimits: readonly { name: string; soft: number; hard: number }[];
  /** With a name: one of the engine's networks that the policy lists. */
  network?: 'open' | 'none' | { name: string };
  addHosts: readonly string[];
  dns: readonly string[];
  /** `uid:gid`. */
  user?: string;
  workdir?: string;
  hostname?: string;
  labels: Readonly<Record<string, string>>;
  readOnlyRoot?: boolean;
};

/** The host as the deny-list sees it: every path absolute. Built once by `app` from the configuration. */
export type MountHost = {
  /** `$HOME`, every home of /etc/passwd, `/root`, and HOST_HOMES; `/home/<name>` is added by the check itself. */
  homes: readonly string[];
  secretsDir: string;
  varDir: string;
  workspaceRoot: string;
  runDir: string;
  /** The application's own directory, and HOST_APP_DIR. */
  appDirs: readonly string[];
  /** Ids that may own what is mounted, besides root: the service's user and RUN_AS. */
  trustedUids: readonly number[];
  /** The user of runs unless another one is allowed (RUN_AS). */
  runAs?: { uid: number; gid: number };
  /** The service itself runs in a container: sources it cannot see cannot be checked. */
  inContainer: boolean;
  /** Whose states may be mounted, as copies. */
  agents: readonly Agent[];
  /** The engine's socket (DOCKER_HOST without `unix://`); absent for an engine that is reached otherwise. */
  engineSocket?: string;
  /** Where the admin's policy stands, which no run may see; absent without one. */
  policyFile?: string;
  /** What opens the secret stores (GITHUB_FLOWS_KEY_FILE), which no run may see. */
  keyFile?: string;
  /** The current policy, read again by each check; absent means that there is none. */
  policy?: () => Policy;
};

/**
 * A mount that passed: where its source really is, and whether it is delivered as a private copy. The `source` of a
 * state is its real path too, that of a credential file its name in its real directory: who reads it follows no link.
 */
export type CheckedMount =
  | (TmpfsArg & { kind: 'tmpfs' })
  | (VolumeArg & { kind: 'volume' })
  | (BindArg & { kind: 'bind'; realSource: string })
  | (BindArg & { kind: 'credential' /** Name of the copy below `/run/secrets`. */; name: string })
  | (BindArg & {
      kind: 'agent-state' /** The agent's: the copy is `/run/secrets/<name>`. */;
      name: string;
    });
