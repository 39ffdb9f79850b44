import type { CeilingLimit } from '../base/run-limits.ts';

/** How far a network reaches, from nothing to everything. */
export type NetworkReach = 'none' | 'list' | 'open';

/** Images that may run: a name pattern and, where digests are given, only the images that have one of them. */
export type ImageRule = { name: string; digests: readonly string[] | undefined };

/**
 * A file or directory of the host that profiles may mount beyond what the deny-list leaves them, and what lies in it;
 * `unsearched` takes the admin's word that no secret is in it.
 */
export type PolicyMount = { source: string; writable: boolean; unsearched?: boolean };

/** A volume of the engine that profiles may mount by its name. */
type PolicyVolume = { name: string; writable: boolean };

/** The most that a run may have; sizes in bytes. What is absent has no ceiling. */
export type Ceilings = Partial<Record<CeilingLimit['name'], number>> & { network?: NetworkReach };

/**
 * What the admin allows beyond the defaults, and the ceilings above which no profile goes. `file` is where it stands;
 * undefined is the absence of a policy, which widens nothing. `images` undefined means that any image may run.
 */
export type Policy = {
  file: string | undefined;
  images: readonly ImageRule[] | undefined;
  mounts: readonly PolicyMount[];
  volumes: readonly PolicyVolume[];
  networks: readonly string[];
  /** `host:port` in lower case: servers of private networks that a run's list of hosts may name. */
  privateHosts: readonly string[];
  runtimes: readonly string[];
  rootUser: boolean;
  /** `uid:gid` of users that runs may have besides RUN_AS. */
  users?: readonly string[];
  ceilings: Ceilings;
};

/** Nothing widened, and no ceilings but those of the configuration. */
export const NO_POLICY: Policy = {
  file: undefined,
  images: undefined,
  mounts: [],
  volumes: [],
  networks: [],
  privateHosts: [],
  runtimes: [],
  rootUser: false,
  ceilings: {},
};
