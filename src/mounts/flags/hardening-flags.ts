import { flagValueInvalid, flagWeakens } from '../errors.ts';
import type { FlagReader } from './flag-text.ts';

/** Linux's capabilities: https://man7.org/linux/man-pages/man7/capabilities.7.html */
const CAPABILITIES = new Set(
  (
    'ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE ' +
    'DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD ' +
    'NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN ' +
    'SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME ' +
    'SYS_TTY_CONFIG WAKE_ALARM'
  ).split(' '),
);

/** `--read-only`, `--read-only=true|false`. */
export const readReadOnly: FlagReader = (draft, { value }) => {
  draft.readOnlyRoot = readBoolean('--read-only', value);
};

/** `--init`: always there, so that only switching it off is an error. */
export const readInit: FlagReader = (_draft, { value }) => {
  if (readBoolean('--init', value)) return;
  throw flagWeakens(
    '--init',
    value,
    'without an init an agent does not stop when the service stops it',
    'Leave it out.',
  );
};

/** `--cap-drop`: all are dropped anyway, so that a known name changes nothing. */
export const readCapDrop: FlagReader = (_draft, { value }) => {
  if (CAPABILITIES.has(value.toUpperCase().replace(/^CAP_/, ''))) return;
  throw flagValueInvalid(
    '--cap-drop',
    value,
    'no capability has this name',
    'Leave it out: every capability is dropped for every run.',
  );
};

/** `--security-opt no-new-privileges[:true]`: always set, so that it changes nothing; every other one weakens. */
export const readSecurityOpt: FlagReader = (_draft, { value }) => {
  if (/^no-new-privileges([:=]true)?$/.test(value)) return;
  const weakens = /^(no-new-privileges|seccomp|apparmor|label|systempaths|credentialspec|writable-cgroups)\b/;
  const hint = 'Leave it out, or write no-new-privileges, which is always set.';
  if (!weakens.test(value)) {
    throw flagValueInvalid('--security-opt', value, 'only no-new-privileges is known', hint);
  }
  throw flagWeakens(
    '--security-opt',
    value,
    'the confinement of a run is not for its profile to change',
    hint,
  );
};

function readBoolean(flag: string, value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw flagValueInvalid(flag, value, 'it is on or off', `Write ${flag}, ${flag}=true or ${flag}=false.`);
}
