import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { createTokenSource } from '../credentials/github/gh-token-file.ts';
import type { GitHubTokens } from '../credentials/github/github-tokens.ts';
import type { DatabasePlace } from '../db/open.ts';
import { postgresPasswords } from '../db/postgres/url.ts';
import { parseAllowList } from '../egress/allow-list.ts';
import { gitHubHosts, type HostLists, hostLists } from '../egress/shipped-lists.ts';
import { type ClientFor, createClients } from '../flow/github/github-credential.ts';
import type { PlanDefaults } from '../flow/prepare/plan.ts';
import { PROMPT_NAMES } from '../flow/prepare/prompt.ts';
import { createGitHubClient, type GitHubClient } from '../github/client.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import { createRedactor } from '../log/redact.ts';
import type { MountHost } from '../mounts/mount.ts';
import { isEngineOutside } from '../mounts/rules/host-view.ts';
import { checkPolicyMounts } from '../mounts/rules/policy-mounts.ts';
import { loadPolicy, type PolicySource } from '../policy/load.ts';
import { NO_POLICY, type Policy } from '../policy/policy.ts';
import type { LoadChecks } from '../profiles/read/load.ts';
import { checkTemplate } from '../prompts/render.ts';
import { AGENTS } from './agents.ts';

/** The application's own directory: this checkout. */
const APP_DIR = resolve(import.meta.dirname, '../..');

/** Where the admin's policy stands, and how its mounts are judged on this host. */
export function policySource(config: Config): PolicySource {
  return {
    file: config.policyFile,
    profilesDir: config.profilesDir,
    uid: process.getuid?.() ?? 0,
    checkMounts: (mounts) =>
      checkPolicyMounts(
        mounts,
        mountHost(config, () => NO_POLICY),
      ),
  };
}

/** The policy, read once, for a command that ends soon. Throws `policy_invalid`. */
export function policyOnce(config: Config): () => Policy {
  const policy = loadPolicy(policySource(config));
  return () => policy;
}

/** The host as the deny-list sees it, under the policy that is asked for. */
export function mountHost(config: Config, policy: () => Policy): MountHost {
  const engineSocket = /^unix:\/\/(\/.+)$/.exec(config.dockerHost)?.[1];
  return {
    homes: [...new Set([...passwdHomes(), '/root', ...config.hostHomes])],
    secretsDir: config.secretsDir,
    varDir: config.varDir,
    workspaceRoot: config.workspaceRoot,
    runDir: config.runDir,
    appDirs: [APP_DIR, ...(config.hostAppDir === undefined ? [] : [config.hostAppDir])],
    trustedUids: [process.getuid?.() ?? 0, config.runAs.uid],
    runAs: config.runAs,
    inContainer:
      ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path)) && isEngineOutside(engineSocket),
    agents: AGENTS,
    ...(engineSocket === undefined ? {} : { engineSocket }),
    ...(config.policyFile === undefined ? {} : { policyFile: config.policyFile }),
    keyFile: config.keyFile,
    policy,
  };
}

function passwdHomes(): string[] {
  const homes = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[5] ?? '');
  return homes.filter((home) => home.startsWith('/') && home !== '/');
}

/** What loading profiles takes from other rooms; without `policy` the file is read once. Throws `policy_invalid`. */
export function profileChecks(config: Config, policy: () => Policy = policyOnce(config)): LoadChecks {
  const networkDefault = config.run.network;
  const lists = hostLists(AGENTS);
  const checkAllowList: LoadChecks['checkAllowList'] = (entries, privateHosts) =>
    parseAllowList(entries, lists, privateHosts).problems;
  return {
    mountHost: mountHost(config, policy),
    checkPrompt: checkTemplate,
    promptNames: PROMPT_NAMES,
    checkAllowList,
    networkDefault,
  };
}

/** The lists of hosts that profiles may name, with those of the operator's GitHub. */
export function listsFor({ githubServerUrl: serverUrl, githubApiUrl: apiUrl }: Config): HostLists {
  return hostLists(AGENTS, gitHubHosts({ serverUrl, apiUrl }));
}

/** What plans take from the configuration. */
export function planDefaults(config: Config): PlanDefaults {
  return { ...config.run, runAs: config.runAs, sshHostKeys: config.sshHostKeys };
}

/** A client with the token of one file, for a command that logs nothing. */
export function createTokenClient(config: Config, ghTokenFile: string): GitHubClient {
  const redactor = createRedactor();
  const { token } = createTokenSource({ ghTokenFile, redactor });
  return createGitHubClient({
    apiUrl: config.githubApiUrl,
    token,
    log: createLogger({ level: 'silent', redactor }),
  });
}

/** GitHub clients with the credentials of profiles. */
export function composeClients(config: Config, tokens: GitHubTokens, log: Logger): ClientFor {
  return createClients({ apiUrl: config.githubApiUrl, secretsDir: config.secretsDir, tokens, clock, log });
}

/** Where everything is stored: PostgreSQL when the configuration names one, else the SQLite file. */
export function databasePlace({ databaseUrl, varDir }: Config): DatabasePlace {
  return databaseUrl ? { url: databaseUrl.reveal() } : { file: resolve(varDir, 'github-flows.db') };
}

/** What of `databasePlace` must never be printed. */
export function databaseSecrets({ databaseUrl }: Config): string[] {
  return databaseUrl ? [databaseUrl.reveal(), ...postgresPasswords(databaseUrl.reveal())] : [];
}
