import { asFlowError, type Problem } from '../../base/errors.ts';
import { NO_POLICY, type Policy } from '../../policy/policy.ts';
import { flagRepeated } from '../errors.ts';
import type { DockerArgs } from '../mount.ts';
import { emptyDraft } from './draft.ts';
import { type FlagUse, readFlags } from './flag-text.ts';
import { FLAGS } from './flags.ts';

const BY_NAME = new Map(FLAGS.map((flag) => [flag.name, flag]));

/**
 * Reads `runtime.dockerArgs` (DESIGN §7): parsed, never passed on. What has a problem is left out of `parsed`, so
 * that it is only to be used when there are none; `index` is the place of the flag in `args`. Mounts are read but
 * not checked against the host: that is `checkMounts`. What needs a policy is a problem unless this one allows it.
 * Never throws.
 */
export function parseDockerArgs(
  args: readonly unknown[],
  policy: Policy = NO_POLICY,
): {
  parsed: DockerArgs;
  problems: (Problem & { index: number })[];
} {
  const { uses, problems } = readFlags(args, FLAGS);
  const draft = emptyDraft();
  const seen = new Set<string>();
  for (const use of uses) {
    try {
      readOnce(use, seen);
      BY_NAME.get(use.name)?.read(draft, use, policy);
    } catch (error) {
      problems.push({ ...asFlowError(error).toProblem(), index: use.index });
    }
  }
  return { parsed: draft, problems: problems.sort((a, b) => a.index - b.index) };
}

function readOnce({ name }: FlagUse, seen: Set<string>): void {
  if (seen.has(name) && !BY_NAME.get(name)?.repeats) throw flagRepeated(`--${name}`);
  seen.add(name);
}
