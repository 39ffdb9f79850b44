import { counted } from '../../base/words.ts';
import type { KeptChanges } from '../../publish/bundle/keep-changes.ts';

/** What an agent committed, as the timeline says it. */
export function keptWords({
  commits,
  ofBase,
  files,
  reworded,
}: Pick<KeptChanges, 'commits' | 'ofBase' | 'files' | 'reworded'>): string {
  const own = commits - ofBase;
  const made = `The agent made ${counted(own, 'commit')}`;
  const whole =
    ofBase === 0
      ? `${made} that ${own === 1 ? 'changes' : 'change'} ${counted(files, 'file')}.`
      : `${made} on top of ${counted(ofBase, 'commit')} that no branch of this repository has; together they change ${counted(files, 'file')}.`;
  if (reworded === 0) return whole;
  const were = reworded === 1 ? 'was' : 'were';
  return `${whole} ${counted(reworded, 'message')} would have done something on GitHub and ${were} made harmless.`;
}
