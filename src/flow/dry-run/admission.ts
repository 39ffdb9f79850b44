import type { Clock } from '../../base/clock.ts';
import type { Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ProfileSet } from '../../profiles/match/match.ts';
import type { Profile } from '../../profiles/profile.ts';
import { runNotEnded } from '../../runs/errors.ts';
import { authorize } from '../admission/authorize.ts';
import { type CommandParts, type CommentCommand, commandTargets } from '../admission/comment-commands.ts';
import { type DecideParts, isOwnComment } from '../admission/decide.ts';
import { type AdmissionLimits, refuseBeyondLimits, startOf } from '../admission/limits.ts';
import { startedBy } from '../admission/own-work.ts';

/** What admission would find out from GitHub and the stored runs. Changes nothing, and does not check whether a group is busy. */
export type AdmissionDryRun = {
  /** Whether the service wrote the comment that an event is about. */
  isOwnComment(event: FlowEvent): Promise<boolean>;
  /** Whether an event may start a run of a profile: who may, the loop breaker and the budgets. */
  start(profile: Profile, event: FlowEvent): Promise<DryRunAnswer>;
  /** Whether a command would be carried out, and for which runs. */
  command(
    event: FlowEvent,
    command: CommentCommand,
    profiles: ProfileSet,
  ): Promise<DryRunAnswer & { runs: string[] }>;
};

/** `problem` is why nothing would start; `permission` is GitHub's answer, undefined when it was not asked. */
type DryRunAnswer = { problem: Problem | undefined; permission: string | undefined };

export function createAdmissionDryRun(
  parts: CommandParts &
    Pick<DecideParts, 'marks' | 'reports'> & {
      limits: AdmissionLimits;
      defaultTimeoutSec: number;
      clock: Clock;
    },
): AdmissionDryRun {
  return {
    isOwnComment: async (event) => await isOwnComment(parts, event),
    async start(profile, event) {
      const answer = await authorize(parts, profile, event);
      const { permission } = answer;
      if ('denied' in answer) return { problem: answer.denied, permission };
      const by = await startedBy(parts, event, answer);
      const start = startOf(parts, { event, profile, runId: '', by });
      const problem = await parts.db.transaction(
        async (trx) => await refuseBeyondLimits(trx, parts.limits, profile, start),
      );
      return { problem, permission };
    },
    async command(event, command, profiles) {
      const meant = await commandTargets(parts, event, command, profiles);
      const { permission } = meant;
      if ('problem' in meant) return { problem: meant.problem, permission, runs: [] };
      const notEnded = meant.targets.find(({ state }) => state !== 'ended');
      const problem = command.name === 'retry' && notEnded ? runNotEnded(notEnded.id).toProblem() : undefined;
      return { problem, permission, runs: meant.targets.map(({ id }) => id) };
    },
  };
}
