import type { Policy } from '../../policy/policy.ts';
import type { DockerArgs, MountArg } from '../mount.ts';
import type { FlagUse } from './flag-text.ts';

/** `DockerArgs` while it is being read. */
type Draft = {
  -readonly [Key in keyof DockerArgs]: DockerArgs[Key];
} & {
  mounts: MountArg[];
  env: Record<string, string>;
  ulimits: { name: string; soft: number; hard: number }[];
  addHosts: string[];
  dns: string[];
  labels: Record<string, string>;
};

/** Takes one use of a flag into the draft, or throws a FlowError that names what is wrong with it or that the policy does not allow it. */
export type FlagReader = (draft: Draft, use: FlagUse, policy: Policy) => void;

/** Nothing read yet. Names come from profiles, so the maps have no prototype to collide with. */
export function emptyDraft(): Draft {
  return {
    mounts: [],
    env: Object.create(null) as Record<string, string>,
    ulimits: [],
    addHosts: [],
    dns: [],
    labels: Object.create(null) as Record<string, string>,
  };
}
