import type { RunLimits } from '../base/run-limits.ts';

/** The forwarder in a container whose network is a list of hosts; the start script opens it. */
export const PROXY_URL = 'http://127.0.0.1:3128';

/** What a mount is for; `credential` and `agent-state` are private copies, whatever `source` says it was copied from. */
type MountKind =
  | 'workspace'
  | 'run-files'
  | 'secrets'
  | 'shell-profile'
  | 'credential'
  | 'agent-state'
  | 'bind'
  | 'volume'
  | 'tmpfs';

/** One mount of a plan; `source` is null for a tmpfs and the name of a volume, `asWritten` is the profile's own words or null for ours. */
export type PlanMount = {
  type: 'bind' | 'volume' | 'tmpfs';
  source: string | null;
  target: string;
  readOnly: boolean;
  kind: MountKind;
  asWritten: string | null;
  /** For a credential or an agent's state: the name of its copy below `/run/secrets`. */
  name?: string;
  /** For an agent's state: the variable that names it to the agent. */
  variable?: string;
  /** For a tmpfs. */
  sizeBytes?: number;
  mode?: number;
  uid?: number;
  gid?: number;
};

/**
 * How far a container reaches: everywhere, nowhere, only the listed hosts (no interface, but a proxy behind a mounted
 * socket), or whatever one of the engine's own networks reaches, which the policy listed.
 */
export type PlanNetwork = 'open' | 'none' | { allow: readonly string[] } | { name: string };

/** Limits of one container. */
export type PlanLimits = RunLimits & {
  ulimits: readonly { name: string; soft: number; hard: number }[];
};

/**
 * Everything a launch needs, as data; what `explain` prints.
 *
 * `mounts` of kind `credential` and `agent-state` are not sent to the engine: their copies lie in the one
 * directory of kind `secrets`, and an agent's state is copied on into a tmpfs at `target` by the start script.
 */
export type Plan = {
  image: string;
  /** What the start script execs after the setup script: the handler's command and args, one list. */
  command: readonly string[];
  setupScript: string | null;
  /** `/workspace/repo` for an agent, `/workspace` for a shell. */
  workdir: string;
  user: { uid: number; gid: number };
  /** Whom the run's files belong to on the host: `user`, but for an engine that maps users. */
  owner: { uid: number; gid: number };
  env: Readonly<Record<string, string>>;
  network: PlanNetwork;
  /** One of the engine's OCI runtimes; null is its default. */
  ociRuntime: string | null;
  limits: PlanLimits;
  mounts: readonly PlanMount[];
  readOnlyRoot: boolean;
  hostname: string | null;
  labels: Readonly<Record<string, string>>;
  addHosts: readonly string[];
  dns: readonly string[];
  /** Whether GitHub's name for the repository and a `gh-token` are given to git and gh in the container. */
  hasGitHubToken: boolean;
  /** The variable that the start script exports the GitHub token as; absent where none is asked for. */
  tokenEnv?: string;
  /** Named secrets, each a file below `/run/secrets`; `env` is the variable that the start script exports it as, or null. */
  secrets: readonly { name: string; env: string | null }[];
  /** Git over SSH with the secret GIT_SSH_KEY; null without one. */
  ssh: PlanSsh | null;
};

/** Which host keys git over SSH believes: those of GIT_SSH_KNOWN_HOSTS if `knownHosts`, and with `accept-new` the first that another host shows. */
export type PlanSsh = { hostKeys: 'pinned' | 'accept-new'; knownHosts: boolean };

/** Which container of which run a plan becomes. */
export type ContainerIdentity = { installation: string; runId: string; attempt: number };
