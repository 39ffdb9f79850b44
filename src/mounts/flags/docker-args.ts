import { asFlowError, type Problem } from '../../base/errors.ts';
import { NO_POLICY, type Policy } from '../../policy/policy.ts';
import { flagRepeated } from '../errors.ts';
import type { DockerArgs } from '../mount.ts';
import { emptyDraft, type FlagForm, type FlagReader, type FlagUse, readFlags } from './flag-text.ts';
import { readCapDrop, readInit, readReadOnly, readSecurityOpt } from './hardening-flags.ts';
import { readEnv, readLabel, readUser, readWorkdir } from './identity-flags.ts';
import { readCpus, readMemory, readPids, readShmSize, readUlimit } from './limit-flags.ts';
import { readMount } from './mount-flag.ts';
import { readAddHost, readDns, readHostname, readNetwork } from './network-flags.ts';
import { readTmpfs } from './tmpfs-flag.ts';
import { readVolume } from './volume-flag.ts';

/** Every `docker run` flag that a profile may use; one without `repeats` may stand once. */
export const FLAGS: readonly (FlagForm & { repeats?: true; read: FlagReader })[] = [
  { name: 'mount', repeats: true, read: readMount },
  { name: 'volume', letter: 'v', repeats: true, read: readVolume },
  { name: 'tmpfs', repeats: true, read: readTmpfs },
  { name: 'env', letter: 'e', repeats: true, read: readEnv },
  { name: 'memory', letter: 'm', read: readMemory },
  { name: 'cpus', read: readCpus },
  { name: 'pids-limit', read: readPids },
  { name: 'shm-size', read: readShmSize },
  { name: 'ulimit', repeats: true, read: readUlimit },
  { name: 'network', read: readNetwork },
  { name: 'add-host', repeats: true, read: readAddHost },
  { name: 'dns', repeats: true, read: readDns },
  { name: 'user', letter: 'u', read: readUser },
  { name: 'workdir', letter: 'w', read: readWorkdir },
  { name: 'hostname', read: readHostname },
  { name: 'label', repeats: true, read: readLabel },
  { name: 'read-only', boolean: true, read: readReadOnly },
  { name: 'cap-drop', repeats: true, read: readCapDrop },
  { name: 'security-opt', repeats: true, read: readSecurityOpt },
  { name: 'init', boolean: true, read: readInit },
];

const BY_NAME = new Map(FLAGS.map((flag) => [flag.name, flag]));

/**
 * Reads `runtime.dockerArgs`: parsed, never passed on. What has a problem is left out of `parsed`, so
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
