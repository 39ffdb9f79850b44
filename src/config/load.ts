import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { type Issue, IssuesError } from '../base/errors.ts';
import type { Owner } from '../base/files.ts';
import { eachLimit, RUN_LIMITS } from '../base/run-limits.ts';
import { apiOf, serverOf } from '../github/tenant.ts';
import type { Config } from './config.ts';
import { defaultRunDir } from './directories.ts';
import { OPTIONS, type OptionName, type Options } from './options.ts';
import { readOption } from './read-option.ts';
import type { Settings } from './settings.ts';

/** All options read, checked and completed. Throws `config_invalid` with every error at once. */
export function loadConfig(settings: Settings, directory: string): Config {
  const issues: Issue[] = [];
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const option of OPTIONS) {
    const text = settings[option.name] || ofOtherAddress(option.name, settings) || option.default;
    if (text === null || text === '') continue;
    const read = readOption(option, text, directory);
    if ('message' in read) issues.push({ ...read, path: option.name });
    else values[option.name] = read.value;
  }
  // Each value has the type of its row; an absent one has no default, or is among the errors.
  const options = values as Options;
  issues.push(...addressIssues(options));
  if (issues.length > 0) throw configInvalid(issues);
  return completeConfig(options, settings);
}

/** Each of GitHub's two addresses follows from the other. What has no TLS is for trials, and says nothing of the other. */
function ofOtherAddress(name: OptionName, settings: Settings): string | undefined {
  const [server = '', api = ''] = [settings.GITHUB_SERVER_URL, settings.GITHUB_API_URL];
  if (name === 'GITHUB_API_URL' && isHttps(server)) return apiOf(server);
  return name === 'GITHUB_SERVER_URL' && isHttps(api) ? serverOf(api) : undefined;
}

function isHttps(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}

/** Addresses of two servers, or an address that is the other's: clones would use one server, and tokens go to another. */
function addressIssues({
  GITHUB_API_URL: api = '',
  GITHUB_SERVER_URL: server = '',
}: Partial<Options>): Issue[] {
  if (!isHttps(api) || !isHttps(server)) return [];
  const wrong = (path: OptionName, is: string, wanted: string): Issue => ({
    code: 'option_invalid',
    path,
    message: `${path} is ${JSON.stringify(is)}, and should be ${wanted}: the two addresses of GitHub are of different servers.`,
    hint: `Write ${path}=${wanted}, or remove it.`,
  });
  const whole = serverOf(server);
  if (!isSame(server, whole)) return [wrong('GITHUB_SERVER_URL', server, whole)];
  if (isSame(api, apiOf(server))) return [];
  const ofApi = serverOf(api);
  return isSame(server, 'https://github.com') && !isSame(ofApi, server)
    ? [wrong('GITHUB_SERVER_URL', server, ofApi)]
    : [wrong('GITHUB_API_URL', api, apiOf(server))];
}

function isSame(one: string, other: string): boolean {
  return new URL(one).href === new URL(other).href;
}

function configInvalid(issues: readonly Issue[]): IssuesError {
  return new IssuesError(
    {
      code: 'config_invalid',
      blame: 'operator',
      message: `${issues.length === 1 ? 'One option is not as it' : `${issues.length} options are not as they`} should be.`,
      hint: 'Fix each option named below in the environment or in .env; docs/configuration.md lists them all.',
    },
    issues,
  );
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The configuration that options make: with what follows from others, and in the units that the service counts in. */
function completeConfig(options: Options, environment: Settings): Config {
  const { SECRETS_DIR: secretsDir, VAR_DIR: varDir } = options;
  return {
    host: options.HOST,
    port: options.PORT,
    adminHost: options.ADMIN_HOST,
    adminPort: options.ADMIN_PORT,
    runtimeHost: options.RUNTIME_HOST,
    runtimePort: options.RUNTIME_PORT,
    runtimeAddress: options.RUNTIME_URL,
    publicUrl: options.PUBLIC_URL,
    webhookSecrets: [options.WEBHOOK_SECRET, options.WEBHOOK_SECRET_PREVIOUS].filter(
      (secret) => secret !== undefined,
    ),
    profilesDir: options.PROFILES_DIR,
    varDir,
    databaseUrl: options.DATABASE_URL,
    workspaceRoot: options.WORKSPACE_ROOT ?? resolve(varDir, 'work'),
    secretsDir,
    passphrase: options.GITHUB_FLOWS_PASSPHRASE,
    keyFile: options.GITHUB_FLOWS_KEY_FILE ?? resolve(secretsDir, 'service/key'),
    secretsOrder: options.SECRETS_ORDER,
    sshHostKeys: options.SSH_HOST_KEYS,
    runDir: options.RUN_DIR ?? defaultRunDir(varDir),
    policyFile: options.POLICY_FILE,
    appsFile: options.APPS_FILE,
    dockerHost: options.DOCKER_HOST,
    githubApiUrl: options.GITHUB_API_URL,
    githubServerUrl: options.GITHUB_SERVER_URL,
    appTokenMinutes: options.APP_TOKEN_MINUTES,
    maxConcurrentRuns: options.MAX_CONCURRENT_RUNS,
    maxRunsPerRepository: options.MAX_RUNS_PER_REPOSITORY,
    maxRunsPerActor: options.MAX_RUNS_PER_ACTOR,
    runAs: options.RUN_AS ?? defaultRunAs(secretsDir),
    loginImage: options.CODEX_IMAGE,
    hostHomes: [homedir(), ...(options.HOST_HOMES ?? [])],
    hostAppDir: options.HOST_APP_DIR,
    logLevel: options.LOG_LEVEL,
    run: {
      ...eachLimit(RUN_LIMITS, ({ option }) => options[option.name]),
      network: options.NETWORK_DEFAULT,
    },
    ...completeRepository(options),
    admission: completeAdmission(options),
    drainMs: options.DRAIN_SEC * 1000,
    keepFailedMs: options.KEEP_FAILED_HOURS * HOUR_MS,
    maintenance: completeMaintenance(options),
    environment,
  };
}

/** The user of agents without RUN_AS: the service's own user; for root the owner of the secrets directory, or 1000:1000. */
function defaultRunAs(secretsDir: string): Owner {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? uid };
  const owner = statSync(secretsDir, { throwIfNoEntry: false });
  if (!owner || owner.uid === 0 || owner.gid === 0) return { uid: 1000, gid: 1000 };
  return { uid: owner.uid, gid: owner.gid };
}

function completeRepository(options: Options): Pick<Config, 'preparing' | 'repositoryLimits'> {
  const timeoutSec = options.PREPARE_TIMEOUT_SEC;
  return {
    preparing: { timeoutSec, freeBytes: options.MIN_FREE_TO_PREPARE ?? options.MIN_FREE_TO_RUN / 2 },
    repositoryLimits: {
      timeoutSec,
      cpuSec: options.GIT_CPU_SEC,
      memoryBytes: options.GIT_MEMORY,
      fetchBytes: options.FETCH_BYTES,
      entries: options.CHECKOUT_ENTRIES,
      checkoutBytes: options.CHECKOUT_BYTES,
    },
  };
}

function completeAdmission(options: Options): Config['admission'] {
  return {
    loop: { runs: options.LOOP_RUNS, minutes: options.LOOP_WINDOW_MIN },
    actor: budget(options.BUDGET_ACTOR_RUNS, options.BUDGET_ACTOR_MINUTES),
    repository: budget(options.BUDGET_REPOSITORY_RUNS, options.BUDGET_REPOSITORY_MINUTES),
    profile: budget(options.BUDGET_PROFILE_RUNS, options.BUDGET_PROFILE_MINUTES),
    open: {
      actor: { runs: options.BUDGET_ANY_ACTOR_RUNS },
      repository: { runs: options.BUDGET_ANY_REPOSITORY_RUNS },
      profile: { runs: options.BUDGET_ANY_PROFILE_RUNS },
    },
  };
}

function budget(runs: number | undefined, minutes: number | undefined): { runs?: number; minutes?: number } {
  return { ...(runs === undefined ? {} : { runs }), ...(minutes === undefined ? {} : { minutes }) };
}

function completeMaintenance(options: Options): Config['maintenance'] {
  return {
    keep: {
      bodies: { ms: options.KEEP_BODIES_DAYS * DAY_MS, bytes: options.KEEP_BODIES_BYTES },
      logs: { ms: options.KEEP_LOGS_DAYS * DAY_MS, bytes: options.KEEP_LOGS_BYTES },
      mirrors: { ms: options.KEEP_MIRRORS_DAYS * DAY_MS, bytes: options.KEEP_MIRRORS_BYTES },
      workspaces: { bytes: options.KEEP_FAILED_BYTES },
    },
    disk: {
      run: { bytes: options.MIN_FREE_TO_RUN, inodes: options.MIN_FREE_FILES_TO_RUN },
      accept: { bytes: options.MIN_FREE_TO_ACCEPT, inodes: options.MIN_FREE_FILES_TO_ACCEPT },
    },
    redeliver: {
      enabled: options.REDELIVER_MISSED,
      everyMs: options.REDELIVER_EVERY_MIN * MINUTE_MS,
      backMs: options.REDELIVER_HOURS * HOUR_MS,
    },
  };
}
