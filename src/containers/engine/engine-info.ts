import type Docker from 'dockerode';
import type { Owner } from '../../base/files.ts';
import { imageNameIssue } from '../../base/image-name.ts';
import { imageMissing, imageNameInvalid } from '../errors.ts';
import { type CallEngine, fieldOf } from './engine-call.ts';

/** The engine itself: its version, and how many processors it can give. */
export type EngineInfo = {
  /** What the engine calls itself, the same after every restart of it. */
  engineId: string;
  version: string;
  apiVersion: string;
  cpus: number;
  memoryBytes: number;
  /** Names of the OCI runtimes it can start containers with. */
  runtimes: readonly string[];
  /** What images it runs, as images say it: `linux/amd64`. */
  platform: string;
  users: EngineUsers;
  /** Limits of containers that it does not keep, because the machine does not let it. */
  unlimited: readonly string[];
};

/** An image on the engine; `user` is empty when it runs as root. */
export type ImageInfo = {
  id: string;
  /** Every name it has on the engine, with tag or with digest. */
  names: readonly string[];
  user: string;
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** `linux/amd64`; undefined when it does not say. */
  platform: string | undefined;
  /** Directories that each of its containers gets a volume over. */
  volumes: readonly string[];
};

/** Fields of the engine's description that are false when it cannot keep a limit. */
const LIMITS = [
  ['MemoryLimit', 'memory'],
  ['PidsLimit', 'processes'],
  ['CpuCfsQuota', 'processors'],
] as const;

/** What the engine says of itself. */
export async function describeEngine(docker: Docker): Promise<EngineInfo> {
  const [version, info] = await Promise.all([docker.version(), docker.info()]);
  return {
    engineId: fieldOf(info, 'ID', 'string'),
    version: fieldOf(version, 'Version', 'string'),
    apiVersion: fieldOf(version, 'ApiVersion', 'string'),
    cpus: fieldOf(info, 'NCPU', 'number'),
    memoryBytes: fieldOf(info, 'MemTotal', 'number'),
    runtimes: Object.keys(info.Runtimes ?? {}),
    platform: `${fieldOf(version, 'Os', 'string')}/${fieldOf(version, 'Arch', 'string')}`,
    users: engineUsers(info),
    unlimited: LIMITS.flatMap(([field, words]) => (info[field] === false ? [words] : [])),
  };
}

/** A name that no engine could have is refused before the call: engines answer some of them with a redirect. Throws `image_name_invalid`, `image_missing`. */
export async function inspectImage(call: CallEngine, name: string): Promise<ImageInfo> {
  const wrong = imageNameIssue(name);
  if (wrong !== undefined) throw imageNameInvalid(name, wrong);
  const errors = { 404: (_words: string, cause: unknown) => imageMissing(name, cause) };
  return await call({ what: `describe the image ${name}`, errors }, async (docker) => {
    const path = name.split('/').map(encodeURIComponent).join('/');
    const image = await docker.getImage(path).inspect();
    const { RepoTags, RepoDigests, Os, Architecture, Config } = image;
    return {
      id: fieldOf(image, 'Id', 'string'),
      names: [...(RepoTags ?? []), ...(RepoDigests ?? [])],
      user: Config?.User ?? '',
      env: Config?.Env ?? [],
      labels: Config?.Labels ?? {},
      platform: Os && Architecture ? `${Os}/${Architecture}` : undefined,
      volumes: Object.keys(Config?.Volumes ?? {}),
    };
  });
}

/**
 * How the engine maps users: `same` where a container's user is the host's of the same number; `mapped` where the
 * host's number is `uidStart` and `gidStart` higher (`userns-remap`); `rootless` where root of a container is whoever
 * runs the engine, and every other user one of that user's subordinate ids; `unknown` where it maps and does not say how.
 */
export type EngineUsers =
  | { kind: 'same' }
  | { kind: 'mapped'; uidStart: number; gidStart: number }
  | { kind: 'rootless' }
  | { kind: 'unknown' };

/** Reads it from the engine's description: https://docs.docker.com/engine/security/userns-remap/ names its directory for the first ids. */
export function engineUsers(info: { SecurityOptions?: unknown; DockerRootDir?: unknown }): EngineUsers {
  const options = Array.isArray(info.SecurityOptions) ? info.SecurityOptions.map(String) : [];
  const has = (name: string): boolean => options.some((option) => option.split(',').includes(`name=${name}`));
  if (has('rootless')) return { kind: 'rootless' };
  if (!has('userns')) return { kind: 'same' };
  const [, uid, gid] = /\/(\d{1,10})\.(\d{1,10})\/?$/.exec(String(info.DockerRootDir)) ?? [];
  if (uid === undefined || gid === undefined) return { kind: 'unknown' };
  return { kind: 'mapped', uidStart: Number(uid), gidStart: Number(gid) };
}

/** The host's user that a container's user is, or undefined when nobody knows or the service cannot own files as it. */
export function hostOwner(users: EngineUsers, inside: Owner): Owner | undefined {
  if (users.kind === 'same') return inside;
  if (users.kind === 'mapped') return { uid: users.uidStart + inside.uid, gid: users.gidStart + inside.gid };
  return undefined;
}
