import type { Problem } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
import type { TimelineEntry } from '../run.ts';

/** What was kept of an agent's commits; paths on this host, null where there is no such file. */
type ShownChanges = {
  commits: number;
  files: number;
  commit: string;
  patch: string | null;
  bundle: string | null;
};

/** What was found after the agent, from the run's timeline. */
type RunFindings = { changes: ShownChanges | null; findings: Problem[] };

/** Where a patch of what an agent left in no commit is kept on this host, or null. */
export function leftPatch(timeline: readonly TimelineEntry[]): string | null {
  const { patch } = timeline.findLast(({ kind }) => kind === 'left_behind')?.data ?? {};
  return typeof patch === 'string' ? patch : null;
}

/** Kinds of lines about what went wrong after the agent, whatever the outcome. */
const PROBLEMS: readonly string[] = ['secret_found', 'changes_not_kept'];

/** Reads the findings out of a timeline. */
export function runFindings(timeline: readonly TimelineEntry[]): RunFindings {
  const kept = timeline.find(({ kind }) => kind === 'changes_kept');
  const findings = timeline
    .filter(({ kind }) => PROBLEMS.includes(kind))
    .map(({ text, data }) => ({ code: String(data.code), message: text, hint: String(data.hint) }));
  if (!kept) return { changes: null, findings };
  const { commits, files, commit, patch, bundle } = kept.data as ShownChanges;
  return { changes: { commits, files, commit, patch, bundle }, findings };
}

/** One line for people: how much there is, and where. */
export function changesLine({ commits, files, patch, bundle }: ShownChanges): string {
  const where = patch === null ? 'not kept' : `${patch}${bundle === null ? ' (masked)' : ''}`;
  return `${counted(commits, 'commit')}, ${counted(files, 'file')}: ${where}`;
}
