import { FlowError } from '../../base/errors.ts';
import { ancestors } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import type { CheckedMount, MountArg } from '../mount.ts';

/** Mounts of one profile that get in each other's way, by the place of the later one in the list. */
export function collisionsOf(
  mounts: readonly { mount: MountArg; checked?: CheckedMount }[],
): ReadonlyMap<number, FlowError> {
  const first = new Map<string, number>();
  for (const [index, { mount }] of mounts.entries())
    if (!first.has(mount.target)) first.set(mount.target, index);
  const found = new Map<number, FlowError>();
  for (const [index, { mount }] of mounts.entries()) {
    for (const directory of ancestors(mount.target)) {
      const other = first.get(directory);
      if (other === undefined || other === index) continue;
      found.set(Math.max(index, other), targetTaken(mount.target, directory));
    }
  }
  for (const [index, name] of repeatedStates(mounts))
    if (!found.has(index)) found.set(index, stateTwice(name));
  return found;
}

function repeatedStates(mounts: readonly { checked?: CheckedMount }[]): [number, string][] {
  const seen = new Set<string>();
  return mounts.flatMap(({ checked }, index) => {
    if (checked?.kind !== 'agent-state') return [];
    if (seen.has(checked.name)) return [[index, checked.name] as [number, string]];
    seen.add(checked.name);
    return [];
  });
}

function targetTaken(target: string, other: string): FlowError {
  const how =
    target === other
      ? 'is the destination of two mounts'
      : `lies in ${quoted(other)}, where another mount goes`;
  return new FlowError({
    code: 'mount_target_taken',
    blame: 'profile',
    message: `${quoted(target)} ${how}, so one of them would hide the other.`,
    hint: 'Give each mount a destination of its own, none inside another.',
  });
}

function stateTwice(name: string): FlowError {
  return new FlowError({
    code: 'mount_state_twice',
    blame: 'profile',
    message: `The state of ${name} is mounted twice, and a run has one copy of it.`,
    hint: 'Keep one of the two mounts.',
  });
}
