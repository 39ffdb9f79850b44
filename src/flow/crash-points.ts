/**
 * Points in the life of a run, in order, at which a test can end the process as SIGKILL does. After each of them, what
 * is stored must be enough to resume.
 */
export const CRASH_POINTS = [
  'admit-begun',
  'admission-judged',
  'delivery-decided',
  'claim-begun',
  'claimed',
  'prepare-begun',
  'prepared',
  'clone-begun',
  'cloned',
  'container-created',
  'egress-opened',
  'launch-noted',
  'container-started',
  'launched',
  'follow-begun',
  'followed',
  'retry-begun',
  'requeue-begun',
  'requeue-cleaned',
  'outcome-stored',
  'containers-removed',
  'changes-collected',
  'cleaned',
  'published',
  'reported',
  'ended',
  'cancel-begun',
  'resume-begun',
  'resume-decided',
  'sweep-begun',
  'swept-workspaces',
  'swept',
] as const;

/** The name of a crash point. */
export type CrashPointName = (typeof CRASH_POINTS)[number];

/** Called at each crash point; does nothing unless the configuration names it. */
export type CrashPoint = (name: CrashPointName) => void;

/** What `GITHUB_FLOWS_CRASH_AT` asks for: `claimed`, or `claimed:3` for the third time it is reached. Anything else is never reached. */
export function createCrashPoint(setting: string | undefined, kill: () => void): CrashPoint {
  const [wanted = '', times = '1'] = (setting ?? '').split(':');
  let left = Number(times);
  return (name) => {
    if (name !== wanted) return;
    left -= 1;
    if (left === 0) kill();
  };
}
