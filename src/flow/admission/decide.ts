import type { Clock } from '../../base/clock.ts';
import { FlowError } from '../../base/errors.ts';
import { timeId } from '../../base/ids.ts';
import type { CandidateOutcome } from '../../deliveries/delivery.ts';
import type { FlowEvent } from '../../events/event.ts';
import { type Marks, markedWriting } from '../../feedback/marks.ts';
import { renderGroup } from '../../profiles/group-key.ts';
import { explainMatch, matchEvent, type ProfileSet } from '../../profiles/match/match.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Registry } from '../../profiles/read/registry.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { RunGroup } from '../../runs/queue/groups.ts';
import type { NewRun } from '../../runs/store/run-rows.ts';
import type { Start } from '../../runs/store/start-store.ts';
import type { CrashPoint } from '../crash-points.ts';
import { authorize } from './authorize.ts';
import { pinHead } from './checkout-rule.ts';
import {
  answerMistyped,
  type CommandOrder,
  type CommandParts,
  commandTargets,
  readCommentCommand,
} from './comment-commands.ts';
import { headUnknown } from './errors.ts';
import { startOf, threadNumber } from './limits.ts';
import { startedBy } from './own-work.ts';
import { NO_PROFILE_MATCHED, prefilter } from './prefilter.ts';
import { ignore, type Resolution, refuseEvent } from './resolution.ts';

/** How many candidates are stored, with the condition that failed, for a delivery that matched none; `explain` shows all. */
const CANDIDATES_KEPT = 20;

/** A run that may start unless a limit or a busy group forbids it: both are read when it is committed. */
export type ProposedRun = {
  profile: Profile;
  permission: string | undefined;
  run: NewRun;
  /** How the run is counted. */
  start: Start;
};

/** What is to become of a delivery. */
type Proposal = Resolution | ProposedRun | { order: CommandOrder };

/** What deciding takes from the rest of the service. */
export type DecideParts = CommandParts & {
  crashPoint: CrashPoint;
  reports: Pick<ReportStore, 'hasComment'>;
  registry: Registry;
  /** Recognises the service's own comments. */
  marks: Marks;
  /** The time that a run may take whose profile does not say, in seconds. */
  defaultTimeoutSec: number;
  clock: Clock;
};

/** Decides an event by the profiles of now, GitHub's answers and what is stored. Changes nothing. */
export async function decide(parts: DecideParts, event: FlowEvent): Promise<Proposal> {
  const ignored = prefilter(event, await isOwnComment(parts, event));
  if (ignored) return ignore(ignored);
  const profiles = parts.registry.current();
  const command = readCommentCommand(event, profiles);
  if (command) {
    const meant = await commandTargets(parts, event, command, profiles);
    if (!('problem' in meant)) return { order: { command, ...meant } };
    const { profile, problem } = meant;
    return profile ? refuseEvent(event, { ...meant, profile }) : ignore(problem);
  }
  const profile = matchEvent(profiles, event).winner?.profile;
  return profile ? await decideStart(parts, profile, event) : await decideUnmatched(parts, event, profiles);
}

async function decideStart(parts: DecideParts, profile: Profile, event: FlowEvent): Promise<Proposal> {
  const answer = await authorize(parts, profile, event);
  const { permission } = answer;
  if ('denied' in answer) return refuseEvent(event, { profile, problem: answer.denied, permission });
  const headSha = await pinHead(parts.lookups, profile, event);
  if (headSha instanceof FlowError)
    return refuseEvent(event, { profile, problem: headUnknown(headSha), permission });
  parts.crashPoint('admission-judged');
  const run = newRun(parts, profile, event, headSha);
  const by = await startedBy(parts, event, answer);
  return { profile, permission, run, start: startOf(parts, { event, profile, runId: run.id, by }) };
}

function newRun({ clock }: DecideParts, profile: Profile, event: FlowEvent, headSha: string | null): NewRun {
  const { repository, actor } = event;
  return {
    id: timeId(clock.now()),
    deliveryId: event.deliveryId,
    repository: repository?.fullName ?? '',
    repositoryId: repository?.id ?? 0,
    issueNumber: threadNumber(event),
    profile: profile.path,
    profileJson: JSON.stringify(profile),
    queuedAt: clock.now(),
    actor: actor?.login ?? null,
    actorId: actor?.id ?? null,
    headSha,
    group: groupOf(profile, event),
  };
}

function groupOf({ concurrency }: Profile, event: FlowEvent): RunGroup | null {
  const key = concurrency && renderGroup(concurrency.group, event.attributes);
  return key === undefined ? null : { key, onBusy: concurrency?.onBusy ?? 'queue' };
}

/** No profile matches; a command that is mistyped by one letter gets an answer. */
async function decideUnmatched(
  parts: DecideParts,
  event: FlowEvent,
  profiles: ProfileSet,
): Promise<Resolution> {
  const mistyped = await answerMistyped(parts, event, profiles);
  if (mistyped) return refuseEvent(event, mistyped);
  const { decision, reports } = ignore(NO_PROFILE_MATCHED);
  return { decision: { ...decision, candidates: nearMisses(profiles, event) }, reports };
}

/** The first condition that failed for each of the first candidates. */
function nearMisses(profiles: ProfileSet, event: FlowEvent): CandidateOutcome[] {
  const first = { ...profiles, candidates: profiles.candidates.slice(0, CANDIDATES_KEPT) };
  return explainMatch(first, event).map(({ profile, failed }) => ({ profile, failed }));
}

/** Whether the service wrote the comment that an event is about: by its seal, or by the id that GitHub gave the comment. */
export async function isOwnComment(
  parts: { marks: Marks; reports: Pick<ReportStore, 'hasComment'> },
  event: FlowEvent,
): Promise<boolean> {
  const writing = markedWriting(event);
  if (!writing) return false;
  if (parts.marks.isSealed(writing.body)) return true;
  return Number.isSafeInteger(writing.id) && (await parts.reports.hasComment(writing.id));
}
