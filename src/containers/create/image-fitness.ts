import { posix } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import type { EngineInfo, ImageInfo } from '../engine/engine-info.ts';
import type { Plan } from '../plan.ts';

/** Further architectures that a machine runs by itself: https://docs.docker.com/build/building/multi-platform/ */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = {
  'linux/amd64': ['linux/386'],
  'linux/arm64': ['linux/arm'],
};

/**
 * Whether containers of an image can be what a plan wants, as far as the image's description says: its architecture is
 * the engine's, and none of its volumes would lie over a mount of the run. `emulates`: whether the machine runs
 * programs of another architecture by an emulator. Throws `image_of_another_platform`, `image_hides_mount`.
 */
export function refuseUnfitImage(
  image: ImageInfo,
  plan: Pick<Plan, 'image' | 'mounts'>,
  machine: { engine: Pick<EngineInfo, 'platform'>; emulates: (platform: string) => boolean },
): void {
  const { platform } = image;
  if (platform !== undefined && !runs(machine, platform))
    throw otherPlatform(plan.image, platform, machine.engine.platform);
  for (const volume of image.volumes) {
    const path = posix.resolve('/', volume);
    const hidden = plan.mounts.find(({ target }) => target !== path && isInside(target, path));
    if (hidden) throw hidesMount(plan.image, volume, hidden.target);
  }
}

function runs(
  { engine, emulates }: { engine: Pick<EngineInfo, 'platform'>; emulates: (platform: string) => boolean },
  platform: string,
): boolean {
  if (platform === engine.platform || ALSO_RUNS[engine.platform]?.includes(platform)) return true;
  return platform.startsWith('linux/') && engine.platform.startsWith('linux/') && emulates(platform);
}

/** A program that a plan needs of its image, and what for; `path` has no slash when it is looked for along PATH. */
type NeededProgram = { path: string; why: string };

/** What has to be in the image before the start script runs; the handler's own program only where nothing could bring it. */
export function neededPrograms(plan: Plan): NeededProgram[] {
  const { network } = plan;
  const [command = ''] = plan.command;
  const hasProxy = typeof network === 'object' && 'allow' in network;
  return [
    { path: '/bin/sh', why: 'the start script of every run' },
    { path: 'timeout', why: 'the deadline of every run (coreutils or busybox)' },
    ...(hasProxy ? [{ path: 'socat', why: 'a list of hosts as its network' }] : []),
    ...(plan.ssh ? [{ path: 'ssh', why: 'the secret GIT_SSH_KEY' }] : []),
    ...(isOfImage(command, plan) ? [{ path: command, why: 'the handler' }] : []),
  ];
}

/** A set-up script may install it, the clone or a mount may hold it, and `gh` is ours. */
function isOfImage(command: string, { setupScript, mounts }: Plan): boolean {
  if (setupScript !== null || command === '' || command === 'gh') return false;
  if (!command.includes('/')) return true;
  return posix.isAbsolute(command) && !mounts.some(({ target }) => isInside(target, posix.resolve(command)));
}

/** Where a program may lie, in order; undefined where a mount lies at one of them, so that the image does not show it. */
export function placesOf(
  program: string,
  plan: Pick<Plan, 'env' | 'mounts'>,
  image: ImageInfo,
): string[] | undefined {
  if (program.includes('/')) return [posix.resolve(program)];
  const ofImage = image.env.find((line) => line.startsWith('PATH='))?.slice('PATH='.length);
  const path = plan.env.PATH ?? ofImage ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const directories = path.split(':').filter((directory) => posix.isAbsolute(directory));
  const isMounted = (place: string): boolean =>
    plan.mounts.some(({ target }) => isInside(target, place) || target === place);
  const places = directories.map((directory) => posix.join(directory, program));
  return places.some(isMounted) ? undefined : places;
}

/** The image lacks a program. */
export function programMissing(image: string, { path, why }: NeededProgram): FlowError {
  return new FlowError({
    code: 'image_lacks_program',
    blame: 'profile',
    message: `The image ${image} has no program ${JSON.stringify(path)}, which is needed for ${why}.`,
    hint: 'Put it into the image, name another image in the profile, or correct execution.handler.command if it is what cannot be found.',
  });
}

function otherPlatform(image: string, platform: string, engine: string): FlowError {
  return new FlowError({
    code: 'image_of_another_platform',
    blame: 'operator',
    message: `The image ${image} is built for ${platform}, and the Docker Engine runs ${engine}.`,
    hint: `Get or build it for this machine: docker pull --platform ${engine} ${image}`,
  });
}

function hidesMount(image: string, volume: string, target: string): FlowError {
  return new FlowError({
    code: 'image_hides_mount',
    blame: 'profile',
    message: `The image ${image} declares the volume ${volume}, and every container would get an empty one there, over what a run has at ${target}.`,
    hint: 'Build the image without this VOLUME, or name another image in the profile.',
  });
}
