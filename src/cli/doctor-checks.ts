import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { createGitHubFor, profileChecks } from '../assembly.ts';
import { formatBytes } from '../base/bytes.ts';
import { systemClock } from '../base/clock.ts';
import { asFlowError, FaultsError, FlowError, type Problem } from '../base/errors.ts';
import { ancestors } from '../base/files.ts';
import type { Config } from '../config/config.ts';
import { webhookSecretMissing } from '../config/webhook-secret.ts';
import { createEngine, type Engine } from '../containers/docker.ts';
import { inspectCodexState } from '../credentials/codex-state.ts';
import { checkGhToken, checkSecretsDirectory } from '../credentials/preflight.ts';
import { describeToken } from '../github/token-owner.ts';
import { loadProfiles } from '../profiles/load.ts';
import { codexSummary } from './codex-words.ts';
import type { Check } from './doctor.ts';
import { profilesFaulty } from './explain.ts';
import type { Io } from './io.ts';
import { readConfig } from './stores.ts';

/** The images that this repository builds. */
const IMAGES = ['github-flows-base:latest', 'github-flows-agent-codex:latest'];

/** Below this much free space the next clone or log may fail. */
const MIN_FREE_BYTES = 2 * 1024 ** 3;

/** Every check in the order in which a newcomer would mend them; each is given as soon as it is known. */
export async function* runChecks(io: Io, repository: string | undefined): AsyncGenerator<Check> {
  let config: Config;
  try {
    config = readConfig(io);
  } catch (error) {
    yield { name: 'configuration', detail: 'cannot be used', problems: problemsOf(error) };
    return;
  }
  yield { name: 'configuration', detail: `runs as ${config.runAs.uid}:${config.runAs.gid}`, problems: [] };
  yield checkSecret(config);
  const engine = createEngine({ dockerHost: config.dockerHost, clock: systemClock });
  yield await attempt('engine', async () => {
    const info = await engine.info();
    return `${info.version}, ${info.cpus} processors, ${formatBytes(info.memoryBytes)}`;
  });
  for (const image of IMAGES) yield await checkImage(engine, image, config);
  yield await checkSecrets(config);
  yield await checkToken(config, repository);
  yield await checkCodexState(config);
  yield await checkProfiles(config);
  yield await checkDisk(config.varDir);
}

function problemsOf(error: unknown): Problem[] {
  const fault = asFlowError(error);
  if (!(fault instanceof FaultsError) || fault.faults.length === 0) return [fault.toProblem()];
  return fault.faults.map(({ code, message, mend }) => ({ code, message, mend }));
}

async function attempt(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, detail: await look(), problems: [] };
  } catch (error) {
    return { name, detail: 'not usable', problems: problemsOf(error) };
  }
}

function checkSecret(config: Config): Check {
  const count = config.webhookSecrets.length;
  if (count === 0)
    return { name: 'webhook secret', detail: 'not set', problems: [webhookSecretMissing().toProblem()] };
  return {
    name: 'webhook secret',
    detail: count === 1 ? 'set' : 'set, and the previous one is still accepted',
    problems: [],
  };
}

async function checkImage(engine: Engine, name: string, config: Config): Promise<Check> {
  const short = name.replace(/^github-flows-|:latest$/g, '');
  const wanted = `${config.runAs.uid}:${config.runAs.gid}`;
  try {
    const { labels } = await engine.inspectImage(name);
    const user = labels['github-flows.user'] ?? 'unknown';
    const detail = `${name}, user ${user}, gh ${labels['github-flows.gh'] ?? 'unknown'}`;
    return {
      name: `image ${short}`,
      detail,
      problems: user === wanted ? [] : [imageUser(name, user, wanted)],
    };
  } catch (error) {
    return { name: `image ${short}`, detail: 'not usable', problems: problemsOf(error) };
  }
}

function imageUser(image: string, user: string, wanted: string): Problem {
  return {
    code: 'image_user_differs',
    message: `${image} was built for the user ${user}, but agents run as ${wanted}, which has no name and no home in it.`,
    mend: `Build it again for that user: RUN_AS=${wanted} npm run images`,
  };
}

async function checkSecrets(config: Config): Promise<Check> {
  const problems = await checkSecretsDirectory(config);
  return { name: 'secrets directory', detail: config.secretsDir, problems };
}

async function checkToken(config: Config, repository: string | undefined): Promise<Check> {
  const file = join(config.secretsDir, 'gh-token');
  const problems = await checkGhToken(file);
  if (problems.length > 0) return { name: 'gh-token', detail: file, problems };
  try {
    const client = createGitHubFor(config, file);
    const owner = await describeToken(client, repository);
    return { name: 'gh-token', detail: `${file}, ${owner}`, problems: [] };
  } catch (error) {
    return { name: 'gh-token', detail: file, problems: problemsOf(error) };
  }
}

async function checkCodexState(config: Config): Promise<Check> {
  const state = await inspectCodexState(join(config.secretsDir, 'codex'), systemClock.now());
  return { name: 'codex', detail: codexSummary(state, systemClock.now()), problems: [...state.problems] };
}

async function checkProfiles(config: Config): Promise<Check> {
  return await attempt('profiles', async () => {
    const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
    if (loaded.faults.length > 0) throw profilesFaulty(loaded.faults);
    return `${loaded.profiles.length} in ${config.profilesDir}`;
  });
}

async function checkDisk(varDir: string): Promise<Check> {
  return await attempt('disk', async () => {
    const existing = ancestors(varDir).find((path) => existsSync(path)) ?? '/';
    const { bavail, bsize } = await statfs(existing);
    const free = bavail * bsize;
    if (free < MIN_FREE_BYTES) throw diskNearlyFull(varDir, free);
    return `${formatBytes(free)} free for ${varDir}`;
  });
}

function diskNearlyFull(varDir: string, free: number): FlowError {
  return new FlowError({
    code: 'disk_nearly_full',
    blame: 'operator',
    message: `Only ${formatBytes(free)} are free for ${varDir}; workspaces and logs want at least ${formatBytes(MIN_FREE_BYTES)}.`,
    mend: `Make room (docker image prune, du -xh ${varDir} | sort -h | tail), or set VAR_DIR to a larger disk.`,
  });
}
