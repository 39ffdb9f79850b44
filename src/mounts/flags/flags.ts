import type { FlagReader } from './draft.ts';
import type { FlagForm } from './flag-text.ts';
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
