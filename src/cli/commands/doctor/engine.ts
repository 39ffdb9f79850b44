import { formatBytes } from '../../../base/bytes.ts';
import { asFlowError, type Problem } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import { counted } from '../../../base/words.ts';
import { AGENTS } from '../../../compose/agents.ts';
import { mountHost, planDefaults, policySource } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import type { EngineInfo } from '../../../containers/engine/engine-info.ts';
import type { Plan } from '../../../containers/plan.ts';
import { createProgramCheck, fitImage } from '../../../flow/engine/fit-image.ts';
import { runOwner } from '../../../flow/engine/run-owner.ts';
import { runPaths } from '../../../flow/paths.ts';
import { makePlan } from '../../../flow/prepare/plan.ts';
import { resolveMounts } from '../../../mounts/rules/check.ts';
import { loadPolicy } from '../../../policy/load.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Profile } from '../../../profiles/profile.ts';
import type { Finding } from './check.ts';

/** What the engine is and what follows from it for runs. */
export function engineFinding(info: EngineInfo, config: Config): Finding {
  const { version, platform, cpus, memoryBytes } = info;
  const detail = `${version}, ${platform}, ${counted(cpus, 'processor')}, ${formatBytes(memoryBytes)}${usersText(info, config)}`;
  const problems = [...ownerProblems(info, config), ...(info.unlimited.length > 0 ? [unlimited(info)] : [])];
  return { detail, problems };
}

function usersText({ users }: EngineInfo, { runAs }: Config): string {
  if (users.kind === 'rootless') return ', rootless';
  if (users.kind === 'unknown') return ', maps users';
  if (users.kind === 'same') return '';
  const { uid, gid } = { uid: users.uidStart + runAs.uid, gid: users.gidStart + runAs.gid };
  return `, maps users: agents are ${runAs.uid}:${runAs.gid} in their containers and ${uid}:${gid} on this host`;
}

function ownerProblems({ users }: EngineInfo, { runAs }: Config): Problem[] {
  try {
    runOwner(users, runAs, process.getuid?.() ?? 0);
    return [];
  } catch (error) {
    return [asFlowError(error).toProblem()];
  }
}

function unlimited({ unlimited: names }: EngineInfo): Problem {
  return {
    code: 'engine_without_limits',
    message: `The Docker Engine cannot limit the ${names.join(', the ')} of a container on this machine, so one agent could use all of it.`,
    hint: 'Enable the cgroup controllers memory, pids and cpu at boot (`docker info` prints warnings about them).',
  };
}

/** Most images, and profiles, that are checked. */
export const MAX_CHECKED = 50;

/** Whether the image of every profile is there and can run what the profile says. */
export async function reportProfileImages(
  engine: Engine,
  profiles: readonly Profile[],
  config: Config,
): Promise<Finding> {
  const info = await engine.info();
  const policy = loadPolicy(policySource(config));
  const checkPrograms = createProgramCheck();
  const images = new Map<string, Profile[]>();
  for (const profile of profiles) {
    const { image } = profile.execution.runtime;
    images.set(image, [...(images.get(image) ?? []), profile]);
  }
  const problems = new Map<string, Problem>();
  for (const [image, users] of [...images].slice(0, MAX_CHECKED))
    try {
      const found = await engine.inspectImage(image);
      for (const profile of users) {
        const plan = planOf(profile, policy, config);
        fitImage(plan, found, info);
        await checkPrograms(plan, found, async (programs) => await engine.lookIntoImage(found.id, programs));
      }
    } catch (error) {
      const problem = asFlowError(error).toProblem();
      problems.set(problem.message, problem);
    }
  return {
    detail: `${images.size} in ${counted(profiles.length, 'profile')}`,
    problems: [...problems.values()],
  };
}

/** The plan of an imaginary run. */
export function planOf(profile: Profile, policy: Policy, config: Config): Plan {
  const host = mountHost(config, () => policy);
  const run = { id: 'doctor', repository: 'doctor/doctor' };
  return makePlan({
    profile,
    repository: run.repository,
    runId: run.id,
    mounted: resolveMounts(profile.execution.runtime.dockerArgs.mounts, host),
    paths: runPaths({ ...config, installation: 'doctor' }, run),
    defaults: planDefaults(config),
    secretsDir: config.secretsDir,
    agents: AGENTS,
    runtimeUrl: undefined,
    policy,
  });
}

/** An image: its user, the origin of its gh, and problems. */
type ImageReport = { detail: string; problems: Problem[] };

/** Inspects an image that this repository builds. Throws `image_missing` and the engine's codes. */
export async function reportImage(
  engine: Pick<Engine, 'inspectImage'>,
  name: string,
  runAs: Owner,
): Promise<ImageReport> {
  const { labels } = await engine.inspectImage(name);
  const user = labels['github-flows.user'] ?? 'unknown';
  const wanted = `${runAs.uid}:${runAs.gid}`;
  return {
    detail: `${name}, user ${user}, gh ${labels['github-flows.gh'] ?? 'unknown'}`,
    problems: user === wanted ? [] : [userDiffers(name, user, wanted)],
  };
}

function userDiffers(image: string, user: string, wanted: string): Problem {
  return {
    code: 'image_user_differs',
    message: `${image} was built for the user ${user}, but agents run as ${wanted}, which has no name and no home directory in it.`,
    hint: `Rebuild it for that user: RUN_AS=${wanted} npm run images`,
  };
}
