import { counted } from '../../base/words.ts';
import type { Changes } from '../../publish/bundle/keep-changes.ts';

/** Why an agent's commits are not kept as they are: a value that was granted to the run is in them, or may be. */
export type Doubt = 'found' | 'unsearched';

/** What an agent committed and how it is kept, for the timeline. */
export function keptText(
  changes: Pick<Changes, 'commits' | 'ofBase' | 'files' | 'reworded'>,
  { doubt, hasPatch }: { doubt: Doubt | undefined; hasPatch: boolean },
): string {
  if (doubt === undefined) return changeText(changes);
  const why =
    doubt === 'found'
      ? 'A value that was granted to the run is in that'
      : 'That could not be searched whole for the values that were granted to the run';
  return `${changeText(changes)} ${why}, so ${hasPatch ? 'only a masked patch is kept, without the contents of binary files' : 'nothing of it is kept'}.`;
}

function changeText({
  commits,
  ofBase,
  files,
  reworded,
}: Pick<Changes, 'commits' | 'ofBase' | 'files' | 'reworded'>): string {
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
