import { FlowError } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import { type EngineUsers, hostOwner } from '../../containers/engine/engine-info.ts';

/**
 * Whose files a run's directories must be on the host, so that its container's `user` may use them. `service` is the
 * service's own user, who gives files away only as root. Throws `engine_maps_users`, `engine_rootless`.
 */
export function runOwner(users: EngineUsers, user: Owner, service: number): Owner {
  const owner = hostOwner(users, user);
  if (users.kind === 'rootless') throw engineRootless();
  if (!owner) throw engineMapsUsers('and does not say how', 'Upgrade the engine, or end its userns-remap.');
  if (users.kind === 'mapped' && service !== 0)
    throw engineMapsUsers(
      `so that files of a run must belong to ${owner.uid}:${owner.gid}, which only root can make`,
      'Run the service as root, or end the mapping (remove userns-remap from /etc/docker/daemon.json, and restart the engine).',
    );
  return owner;
}

function engineMapsUsers(why: string, hint: string): FlowError {
  return new FlowError({
    code: 'engine_maps_users',
    blame: 'operator',
    message: `The Docker Engine maps the users of containers to others of the host (userns-remap), ${why}.`,
    hint,
  });
}

function engineRootless(): FlowError {
  return new FlowError({
    code: 'engine_rootless',
    blame: 'operator',
    message:
      'The Docker Engine is rootless: what an agent’s user writes belongs to a subordinate id, which the service can neither give files to nor remove files of, so no run could own its workspace.',
    hint: 'Set DOCKER_HOST to an engine that runs as root; with userns-remap it keeps the users of containers apart from those of the host all the same.',
  });
}
