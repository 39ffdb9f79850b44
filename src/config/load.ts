import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { type Fault, FaultsError } from '../base/errors.ts';
import { eachLimit, RUN_LIMITS } from '../base/run-limits.ts';
import type { Secret } from '../base/secret.ts';
import { tenantOf } from '../github/tenant.ts';
import type { Config } from './config.ts';
import { completeMaintenance } from './maintenance.ts';
import { OPTIONS, type OptionName } from './options.ts';
import { defaultRunAs, defaultRunDir } from './places.ts';
import { readOption } from './read-option.ts';
import { completeRepository } from './repository.ts';
import type { Settings } from './settings.ts';

/** All options read, checked and completed. Throws `config_invalid` with every fault at once. */
export function loadConfig(settings: Settings, directory: string): Config {
  const faults: Fault[] = [];
  const values = new Map<OptionName, unknown>();
  for (const option of OPTIONS) {
    const text = settings[option.name] || ofTenant(option.name, settings) || option.default;
    if (text === null || text === '') continue;
    const read = readOption(option, text, directory);
    if ('message' in read) faults.push({ ...read, path: option.name });
    else values.set(option.name, read.value);
  }
  faults.push(...tenantFaults(values));
  if (faults.length > 0) throw configInvalid(faults);
  return completeConfig(values, settings);
}

/** On a tenant of GitHub Enterprise Cloud one of the two addresses tells the other. */
function ofTenant(name: OptionName, settings: Settings): string | undefined {
  if (name === 'GITHUB_API_URL') return tenantOf(settings.GITHUB_SERVER_URL ?? '')?.apiUrl;
  return name === 'GITHUB_SERVER_URL' ? tenantOf(settings.GITHUB_API_URL ?? '')?.serverUrl : undefined;
}

/** A tenant's server with the API of github.com, or the other way round. */
function tenantFaults(values: ReadonlyMap<OptionName, unknown>): Fault[] {
  const address = (name: OptionName): string => String(values.get(name) ?? '');
  const [api, server] = [address('GITHUB_API_URL'), address('GITHUB_SERVER_URL')];
  const wrong = (path: OptionName, is: string, wanted: string): Fault => ({
    code: 'option_invalid',
    path,
    message: `${path} is ${JSON.stringify(is)}, and should be ${wanted}: the two addresses of GitHub are of different servers.`,
    hint: `Write ${path}=${wanted}, or remove it.`,
  });
  if (api === 'https://api.github.com' && tenantOf(server))
    return [wrong('GITHUB_API_URL', api, tenantOf(server)?.apiUrl ?? '')];
  if (server === 'https://github.com' && tenantOf(api))
    return [wrong('GITHUB_SERVER_URL', server, tenantOf(api)?.serverUrl ?? '')];
  const [one, other] = [tenantOf(api), tenantOf(server)];
  return one && other && one.apiUrl !== other.apiUrl ? [wrong('GITHUB_API_URL', api, other.apiUrl)] : [];
}

function completeConfig(values: ReadonlyMap<OptionName, unknown>, environment: Settings): Config {
  const get = <T>(name: OptionName): T => values.get(name) as T;
  const secretsDir = get<string>('SECRETS_DIR');
  const varDir = get<string>('VAR_DIR');
  return {
    host: get('HOST'),
    port: get('PORT'),
    adminHost: get('ADMIN_HOST'),
    adminPort: get('ADMIN_PORT'),
    runtimeHost: get('RUNTIME_HOST'),
    runtimePort: get('RUNTIME_PORT'),
    runtimeAddress: get('RUNTIME_URL'),
    publicUrl: get('PUBLIC_URL'),
    webhookSecrets: [get<Secret>('WEBHOOK_SECRET'), get<Secret>('WEBHOOK_SECRET_PREVIOUS')].filter(Boolean),
    profilesDir: get('PROFILES_DIR'),
    varDir,
    databaseUrl: get('DATABASE_URL'),
    workspaceRoot: get<string | undefined>('WORKSPACE_ROOT') ?? resolve(varDir, 'work'),
    secretsDir,
    passphrase: get('GITHUB_FLOWS_PASSPHRASE'),
    keyFile: get<string | undefined>('GITHUB_FLOWS_KEY_FILE') ?? resolve(secretsDir, 'service/key'),
    secretsOrder: get('SECRETS_ORDER'),
    sshHostKeys: get('SSH_HOST_KEYS'),
    runDir: get<string | undefined>('RUN_DIR') ?? defaultRunDir(varDir),
    policyFile: get('POLICY_FILE'),
    appsFile: get('APPS_FILE'),
    dockerHost: get('DOCKER_HOST'),
    githubApiUrl: get('GITHUB_API_URL'),
    githubServerUrl: get('GITHUB_SERVER_URL'),
    appTokenMinutes: get('APP_TOKEN_MINUTES'),
    maxConcurrentRuns: get('MAX_CONCURRENT_RUNS'),
    maxRunsPerRepository: get('MAX_RUNS_PER_REPOSITORY'),
    maxRunsPerActor: get('MAX_RUNS_PER_ACTOR'),
    runAs: get<Config['runAs'] | undefined>('RUN_AS') ?? defaultRunAs(secretsDir),
    loginImage: get('CODEX_IMAGE'),
    hostHomes: [homedir(), ...(get<string[] | undefined>('HOST_HOMES') ?? [])],
    hostAppDir: get('HOST_APP_DIR'),
    logLevel: get('LOG_LEVEL'),
    run: {
      ...eachLimit(RUN_LIMITS, ({ option }) => get<number>(option.name)),
      network: get('NETWORK_DEFAULT'),
    },
    ...completeRepository(get),
    talk: completeTalk(get),
    drainMs: get<number>('DRAIN_SEC') * 1000,
    keepFailedMs: get<number>('KEEP_FAILED_HOURS') * 3_600_000,
    maintenance: completeMaintenance(get),
    environment,
  };
}

function completeTalk(get: <T>(name: OptionName) => T): Config['talk'] {
  return {
    loop: { runs: get('LOOP_RUNS'), minutes: get('LOOP_WINDOW_MIN') },
    budgets: {
      actor: budget(get, 'BUDGET_ACTOR_RUNS', 'BUDGET_ACTOR_MINUTES'),
      repository: budget(get, 'BUDGET_REPOSITORY_RUNS', 'BUDGET_REPOSITORY_MINUTES'),
      profile: budget(get, 'BUDGET_PROFILE_RUNS', 'BUDGET_PROFILE_MINUTES'),
    },
    openBudgets: {
      actor: { runs: get('BUDGET_ANY_ACTOR_RUNS') },
      repository: { runs: get('BUDGET_ANY_REPOSITORY_RUNS') },
      profile: { runs: get('BUDGET_ANY_PROFILE_RUNS') },
    },
  };
}

function budget(
  get: <T>(name: OptionName) => T,
  runsName: OptionName,
  minutesName: OptionName,
): { runs?: number; minutes?: number } {
  const runs = get<number | undefined>(runsName);
  const minutes = get<number | undefined>(minutesName);
  return { ...(runs === undefined ? {} : { runs }), ...(minutes === undefined ? {} : { minutes }) };
}

function configInvalid(faults: readonly Fault[]): FaultsError {
  return new FaultsError(
    {
      code: 'config_invalid',
      blame: 'operator',
      message: `${faults.length === 1 ? 'One option is not as it' : `${faults.length} options are not as they`} should be.`,
      hint: 'Fix each option named below in the environment or in .env; docs/configuration.md lists them all.',
    },
    faults,
  );
}
