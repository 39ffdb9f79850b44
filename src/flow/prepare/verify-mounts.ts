import { lstatSync } from 'node:fs';
import { FlowError } from '../../base/errors.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkPlanMounts } from '../../mounts/rules/check.ts';
import type { Prepared } from './prepare.ts';

/** The device and inode of each source of a bind, by its path, when it was verified. */
type MountedSources = ReadonlyMap<string, string>;

/**
 * Checks the final plan against the deny-list once more, just before the start. Gives the identity of the sources of the
 * profile's own binds. Throws the codes of `checkPlanMounts`.
 */
export function verifyMounts(host: MountHost, prepared: Prepared): MountedSources {
  return readSources(host, prepared, { search: true });
}

function readSources(
  host: MountHost,
  { plan, paths }: Prepared,
  options: { search: boolean },
): MountedSources {
  const binds = plan.mounts.flatMap(({ type, kind, source, target, readOnly }) =>
    type === 'bind' && source !== null && kind !== 'credential' && kind !== 'agent-state'
      ? [{ source, target, readOnly }]
      : [],
  );
  const own = [paths.workspace, paths.files, paths.secrets, `${paths.files}/profile.sh`];
  checkPlanMounts(binds, host, own, options);
  const foreign = plan.mounts.flatMap(({ kind, source }) => (kind === 'bind' && source ? [source] : []));
  return new Map(foreign.map((source) => [source, identify(source)]));
}

/**
 * Verifies the mounts again once the container runs. The engine resolves each source by its path at the start, so a
 * source that is the same before and after is the one that was mounted. Throws `mount_source_changed`.
 */
export function verifyMountsUnchanged(host: MountHost, prepared: Prepared, before: MountedSources): void {
  if (before.size === 0) return;
  let now: MountedSources;
  try {
    now = readSources(host, prepared, { search: false });
  } catch (error) {
    throw sourceReplaced([...before.keys()].join(', '), error);
  }
  for (const [source, identity] of before) if (now.get(source) !== identity) throw sourceReplaced(source);
}

function sourceReplaced(source: string, cause?: unknown): FlowError {
  return new FlowError({
    code: 'mount_source_changed',
    blame: 'operator',
    message: `What is mounted from ${JSON.stringify(source)} was replaced while the container started, so the run was ended at once.`,
    hint: 'Find out who replaces it while runs start, then start the run again.',
    cause,
  });
}

function identify(source: string): string {
  const { dev, ino } = lstatSync(source, { bigint: true });
  return `${dev}:${ino}`;
}
