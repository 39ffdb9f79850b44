import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Agent, LoginSharing } from '../../../agents/agent.ts';
import { formatBytes } from '../../../base/bytes.ts';
import { systemClock as clock, systemClock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import { ancestors } from '../../../base/files.ts';
import { AGENTS } from '../../../compose/agents.ts';
import { createTokenClient, databasePlace, profileChecks } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import { isInMemory } from '../../../config/directories.ts';
import { envFileIssues } from '../../../config/settings.ts';
import { webhookSecretMissing } from '../../../config/webhook-secret.ts';
import { createEngine, type Engine } from '../../../containers/engine/docker.ts';
import { checkGhToken, checkSecretsDirectory } from '../../../credentials/inject/preflight.ts';
import { createPassphrases } from '../../../credentials/secrets/passphrase.ts';
import { createSecretStores } from '../../../credentials/secrets/secret-stores.ts';
import { openExistingDatabase } from '../../../db/open.ts';
import { writeHostPort } from '../../../egress/host-name.ts';
import { gitHubHosts } from '../../../egress/shipped-lists.ts';
import { describeToken } from '../../../github/tokens.ts';
import { profilesInvalid } from '../../../profiles/errors.ts';
import { incompleteProfiles, loadProfiles } from '../../../profiles/read/load.ts';
import type { Io } from '../../terminal/io.ts';
import { readConfig } from '../shared/stores.ts';
import { hasAppSecret, hasAppStore, reportApps, reportServing, storedApps } from './apps.ts';
import { type Check, check, type Finding, problemsOf } from './check.ts';
import { engineFinding, reportImage, reportProfileImages } from './engine.ts';
import { checkNeeds, haveOwnApps, isLoginWanted } from './needs.ts';
import { reportPolicy } from './policy.ts';
import { describeGit, reportPrograms } from './programs.ts';

/** The images that this repository builds. */
const IMAGES = ['github-flows-base:latest', ...AGENTS.flatMap(({ image }) => image ?? [])];

/** Below this much free space the next clone or log may fail. */
const MIN_FREE_BYTES = 2 * 1024 ** 3;

/** Every check in the order in which a newcomer would fix them, each as soon as it is done. */
export async function* runChecks(io: Io, repository: string | undefined): AsyncGenerator<Check> {
  let config: Config;
  try {
    config = readConfig(io);
  } catch (error) {
    yield { name: 'configuration', detail: 'cannot be used', problems: problemsOf(error) };
    return;
  }
  const look = (name: string, work: () => Promise<Finding>): Promise<Check> => check(clock, name, work);
  yield await look('configuration', async () => describeSettings(io, config));
  yield await look('database', async () => await describeDatabase(config));
  yield await look('webhook secret', async () => await describeSecret(config));
  yield await look('programs', reportPrograms);
  yield await look('git', describeGit);
  yield* checkEngine(config, look);
  yield await look('network', async () => describeNetwork(config));
  yield await look('secrets directory', async () => {
    return { detail: config.secretsDir, problems: await checkSecretsDirectory(config) };
  });
  yield await look('run directory', async () => describeRunDir(config.runDir));
  if (hasAppStore(config)) yield await look('apps', () => reportApps(config));
  yield await look('gh-token', () => reportToken(config, repository));
  if (repository !== undefined) yield await look('repository', () => reportServing(config, repository));
  yield await look('secret stores', () => reportStores(config));
  for (const agent of AGENTS) {
    const { sharing } = agent.state;
    if (sharing) yield await look(agent.name, () => reportLogin(config, agent, sharing));
  }
  yield await look('profiles', () => describeProfiles(config));
  yield* checkNeeds(config, look);
  yield await look('disk', () => describeDisk(config.varDir));
}

/** The file of settings, and its lines that set no option. */
function describeSettings(io: Io, { runAs }: Config): Finding {
  const { file } = io.origin();
  const from = file === undefined ? 'the environment alone' : file;
  const problems = file === undefined ? [] : envFileIssues(file);
  return { detail: `from ${from}; agents run as ${runAs.uid}:${runAs.gid}`, problems };
}

/** Whether the database answers; the first start of a service creates it. */
async function describeDatabase(config: Config): Promise<string> {
  const place = databasePlace(config);
  try {
    await (await openExistingDatabase(place)).close();
  } catch (error) {
    if (asFlowError(error).code !== 'database_absent') throw error;
    return 'none yet; the service creates it';
  }
  return 'file' in place ? place.file : 'PostgreSQL answers';
}

/** Where minted tokens are during their runs. */
function describeRunDir(runDir: string): string {
  if (isInMemory(runDir)) return `${runDir}, in memory`;
  return `${runDir}, which is on a disk, so tokens of active runs are written to it; set RUN_DIR to a directory on a tmpfs [run_dir_on_disk]`;
}

/** Containers on an open network reach what listens on the host's bridge too; said here because no setting shows it. */
function describeNetwork({ run: { network }, ...config }: Config): string {
  const hosts = gitHubHosts({ serverUrl: config.githubServerUrl, apiUrl: config.githubApiUrl });
  const names = hosts.map(({ host, port }) => writeHostPort(host, port));
  const more = names.length === 0 ? '' : `; @github adds ${names.join(', ')}`;
  if (network === 'none') return `none unless a profile says otherwise${more}`;
  if (network === 'open')
    return `open unless a profile says otherwise: agents reach the internet, and every service of this host that listens on all addresses${more}`;
  return `${network.allow.join(', ')} and nothing else, unless a profile says otherwise${more}`;
}

/** The engine and its images; images are skipped when it does not answer. */
async function* checkEngine(
  config: Config,
  look: (name: string, work: () => Promise<Finding>) => Promise<Check>,
): AsyncGenerator<Check> {
  let engine: Engine | undefined;
  const answer = await look('engine', async () => {
    const asked = createEngine({ dockerHost: config.dockerHost, clock });
    await asked.ping();
    const info = await asked.info();
    engine = asked;
    return engineFinding(info, config);
  });
  yield answer;
  yield await look('policy', () => reportPolicy(config, engine));
  for (const name of engine ? IMAGES : []) {
    const short = name.replaceAll(/^github-flows-|:latest$/g, '');
    yield await look(`image ${short}`, async () => await reportImage(engine as Engine, name, config.runAs));
  }
  const asked = engine;
  if (asked)
    yield await look('images of profiles', async () => {
      const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
      return await reportProfileImages(asked, loaded.profiles, config);
    });
}

async function describeSecret(config: Config): Promise<string> {
  const count = config.webhookSecrets.length;
  if (count === 0 && (await hasAppSecret(config))) return 'only those of the stored Apps';
  if (count === 0) throw webhookSecretMissing();
  return count === 1 ? 'set' : 'set, and the previous one is still accepted';
}

async function reportToken(config: Config, repository: string | undefined): Promise<Finding> {
  const file = join(config.secretsDir, 'gh-token');
  const problems = await checkGhToken(file);
  const isMissing = problems.some(({ code }) => code === 'token_file_missing');
  if (isMissing && (await storedApps(config).catch(() => [])).length > 0) return 'none; Apps are stored';
  if (isMissing && (await haveOwnApps(config))) return 'none; each profile names an App of its own';
  if (problems.length > 0) return { detail: file, problems };
  return `${file}, ${await describeToken(createTokenClient(config, file), repository)}`;
}

async function reportLogin(config: Config, agent: Agent, sharing: LoginSharing): Promise<Finding> {
  const dir = join(config.secretsDir, agent.name);
  const { isAbsent, summary, problems } = await sharing.inspect(dir, clock.now());
  if (isAbsent && !(await isLoginWanted(config, agent, dir))) return 'no login, and no profile wants one';
  return { detail: summary, problems: [...problems] };
}

async function describeProfiles(config: Config): Promise<string> {
  const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
  const issues = [...loaded.issues, ...incompleteProfiles(loaded)];
  if (issues.length > 0) throw profilesInvalid(config.profilesDir, issues);
  return `${loaded.profiles.length} in ${config.profilesDir}`;
}

async function describeDisk(varDir: string): Promise<string> {
  const existing = ancestors(varDir).find((path) => existsSync(path)) ?? '/';
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  if (free < MIN_FREE_BYTES) throw diskNearlyFull(varDir, free);
  return `${formatBytes(free)} free for ${varDir}`;
}

function diskNearlyFull(varDir: string, free: number): FlowError {
  return new FlowError({
    code: 'disk_nearly_full',
    blame: 'operator',
    message: `${varDir} has ${formatBytes(free)} free; workspaces and logs need at least ${formatBytes(MIN_FREE_BYTES)}.`,
    hint: `Free disk space (docker image prune, du -xh ${varDir} | sort -h | tail), or move VAR_DIR to a larger disk.`,
  });
}

/** Opens every secret store as the service would, and counts the secrets of each; no store is fine. */
async function reportStores(config: Config): Promise<Finding> {
  const passphrases = createPassphrases({ given: () => config.passphrase, keyFile: config.keyFile });
  const stores = createSecretStores({ secretsDir: config.secretsDir, passphrases, clock: systemClock });
  const looks = await Promise.all(
    stores.existing().map(async ({ file, read }) => {
      const name = relative(config.secretsDir, file);
      return await read().then(
        (values) => ({ words: `${name} (${values.size})`, problems: [] }),
        (error: unknown) => ({ words: name, problems: [asFlowError(error).toProblem()] }),
      );
    }),
  );
  const detail = looks.length === 0 ? 'none' : looks.map(({ words }) => words).join(', ');
  return { detail, problems: looks.flatMap(({ problems }) => problems) };
}
