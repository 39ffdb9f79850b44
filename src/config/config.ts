import type { Owner } from '../base/files.ts';
import type { RunLimits } from '../base/run-limits.ts';
import type { Secret } from '../base/secret.ts';
import type { OptionValues } from './option.ts';

/** What a run may use when its profile sets nothing. */
type RunDefaults = RunLimits & { network: OptionValues['network'] };

/** What counts in a day (UTC) for each of these. */
type DayLimits<Limit> = Record<'actor' | 'repository' | 'profile', Limit>;

/** What is counted before a run may start; what is not set does not count. `open` counts in place of the budgets for profiles that everybody may start. */
type AdmissionConfig = DayLimits<{ runs?: number; minutes?: number }> & {
  loop: { runs: number; minutes: number };
  open: DayLimits<{ runs: number }>;
};

/** What the service does for itself; sizes in bytes, times in milliseconds. */
type MaintenanceConfig = {
  keep: {
    bodies: { ms: number; bytes: number };
    logs: { ms: number; bytes: number };
    mirrors: { ms: number; bytes: number };
    workspaces: { bytes: number };
  };
  /** What must be free for a run to begin, and for a delivery to be accepted. */
  disk: { run: { bytes: number; inodes: number }; accept: { bytes: number; inodes: number } };
  redeliver: { enabled: boolean; everyMs: number; backMs: number };
};

/** The service's settings, all checked, every path absolute. */
export type Config = {
  host: string;
  port: number;
  adminHost: string;
  adminPort: number;
  runtimeHost: string;
  /** Undefined: there is no runtime listener. */
  runtimePort: number | undefined;
  /** Where processes elsewhere reach it, when that is not its own address. */
  runtimeAddress: string | undefined;
  publicUrl: string | undefined;
  /** The current secret and, while rotating, the previous one; empty when none is set. */
  webhookSecrets: readonly Secret[];
  profilesDir: string;
  varDir: string;
  /** Where PostgreSQL is; undefined means the SQLite file in `varDir`. */
  databaseUrl: Secret | undefined;
  workspaceRoot: string;
  secretsDir: string;
  runDir: string;
  /** What opens the secret stores when it is given in the environment. */
  passphrase: Secret | undefined;
  keyFile: string;
  /** Where a named secret is looked for, first place first. */
  secretsOrder: OptionValues['order'];
  sshHostKeys: OptionValues['host-keys'];
  policyFile: string | undefined;
  /** GitHub Apps beside those in the store. */
  appsFile: string | undefined;
  dockerHost: string;
  githubApiUrl: string;
  githubServerUrl: string;
  /** How long a token of an App is used again. */
  appTokenMinutes: number;
  maxConcurrentRuns: number;
  /** Undefined is no limit. */
  maxRunsPerRepository: number | undefined;
  maxRunsPerActor: number | undefined;
  runAs: Owner;
  /** In whose containers a login is made, used and renewed. */
  loginImage: string;
  hostHomes: readonly string[];
  hostAppDir: string | undefined;
  logLevel: OptionValues['level'];
  run: RunDefaults;
  admission: AdmissionConfig;
  /** What everything before an agent's start may take in seconds, and what stays free on the disks. */
  preparing: { timeoutSec: number; freeBytes: number };
  /** What a repository may take of the host until then; sizes in bytes. */
  repositoryLimits: {
    timeoutSec: number;
    cpuSec: number;
    memoryBytes: number;
    fetchBytes: number;
    entries: number;
    checkoutBytes: number;
  };
  drainMs: number;
  keepFailedMs: number;
  maintenance: MaintenanceConfig;
  /** What all this was read from; git gets the proxies and TLS roots in it. */
  environment: Readonly<Record<string, string | undefined>>;
};
