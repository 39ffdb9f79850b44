import type { Owner } from '../base/files.ts';
import type { RunLimits } from '../base/run-limits.ts';
import type { Secret } from '../base/secret.ts';
import type { MaintenanceConfig } from './maintenance.ts';
import type { RepositoryConfig } from './repository.ts';

/** What a run may use when its profile says nothing. */
export type RunDefaults = RunLimits & { network: 'open' | 'none' | { allow: readonly string[] } };

/** What is counted before a run may start; what is not set does not count. */
export type TalkLimits = {
  loop: { runs: number; minutes: number };
  budgets: Record<'actor' | 'repository' | 'profile', { runs?: number; minutes?: number }>;
  /** What counts in their place for profiles that everybody may start. */
  openBudgets: Record<'actor' | 'repository' | 'profile', { runs: number }>;
};

/** The service's settings, all checked, every path absolute. */
export type Config = RepositoryConfig & {
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
  secretsOrder: readonly ('profile' | 'global' | 'environment')[];
  sshHostKeys: 'pinned' | 'accept-new';
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
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  run: RunDefaults;
  talk: TalkLimits;
  drainMs: number;
  keepFailedMs: number;
  maintenance: MaintenanceConfig;
  /** What all this was read from; git is handed the proxies and TLS roots in it. */
  environment: Readonly<Record<string, string | undefined>>;
};
