import type { Owner } from '../../base/files.ts';

/**
 * Whom the engine takes for whom: `same` where a container's user is the host's of the same number; `mapped` where the
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
