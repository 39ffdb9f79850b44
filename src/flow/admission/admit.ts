import type { Kysely } from 'kysely';
import { FlowError } from '../../base/errors.ts';
import { timeId } from '../../base/ids.ts';
import type { CandidateOutcome, Decision, Delivery } from '../../deliveries/delivery.ts';
import type { FlowEvent } from '../../events/event.ts';
import { readEvent } from '../../events/from-delivery.ts';
import { renderGroup } from '../../profiles/group-key.ts';
import { explainMatch, matchEvent, type ProfileSet } from '../../profiles/match/match.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { RunGroup } from '../../runs/queue/groups.ts';
import { recordStart } from '../../runs/store/start-store.ts';
import { addStartReports, notTold } from '../reporting/initial-reports.ts';
import { reactionTarget } from '../reporting/report-targets.ts';
import type { AdmissionParts } from './admission-parts.ts';
import { askActor } from './authorize.ts';
import { readCommentCommand } from './comment-command.ts';
import { groupBusy, headUnknown } from './denials.ts';
import { refuseBeyondLimits } from './limits.ts';
import { judgeMistyped } from './mistyped-command.ts';
import { isOwnComment } from './own-comment.ts';
import { startedBy } from './own-work.ts';
import { pinHead } from './pinned-head.ts';
import { NO_PROFILE_MATCHED, type NoRun, refusedBeforeMatching } from './prefilter.ts';
import { reacted, tellRefusal, withoutPrompt } from './refusal-reports.ts';
import { refuseSigner } from './signer.ts';
import { type StartedBy, startOf, threadNumber } from './start.ts';
import { noteThreadChanges } from './thread-changes.ts';
import { obey } from './thread-commands.ts';

/** How many candidates' reasons are kept with a delivery that none of them took; `explain` tells them all. */
const CANDIDATES_KEPT = 20;

/** Decides deliveries: each becomes one run or gets the reason why not, in one transaction with what is said about it. */
export type Admission = {
  /** Decides one stored delivery; deciding it again changes nothing. Gives the decision. */
  admit(delivery: Delivery): Promise<Decision>;
};

/** Admission over the given stores. */
export function createAdmission(parts: AdmissionParts): Admission {
  return {
    async admit(delivery) {
      parts.crashPoint('admit-begun');
      const body = await parts.deliveries.body(delivery.id);
      const event = readEvent({
        deliveryId: delivery.id,
        event: delivery.event,
        body: body ?? Buffer.alloc(0),
      });
      const untrue = await refuseSigner(parts, delivery.signedBy, event);
      if (!untrue) await noteThreadChanges(parts, event);
      const decision = untrue ? await store(parts, event, no(untrue, null)) : await decide(parts, event);
      parts.crashPoint('delivery-decided');
      parts.log.info({ delivery: delivery.id, ...decision }, 'decided');
      parts.onSaid();
      return decision;
    },
  };
}

async function decide(parts: AdmissionParts, event: FlowEvent): Promise<Decision> {
  const ignored = refusedBeforeMatching(event, await isOwnComment(parts, event));
  if (ignored) return await store(parts, event, no(ignored, null));
  const profiles = parts.registry.current();
  const command = readCommentCommand(event, profiles);
  if (command) return await answer(parts, event, await obey(parts, event, command));
  const winner = matchEvent(profiles, event).winner;
  if (!winner) return await startNothing(parts, event, profiles);
  const { profile } = winner;
  const judgement = await askActor(parts, profile, event);
  const { permission } = judgement;
  if ('denied' in judgement)
    return await refuse(parts, event, { profile, problem: judgement.denied, permission });
  const head = await pinHead(parts.lookups, profile, event);
  if (head instanceof FlowError)
    return await refuse(parts, event, { profile, problem: headUnknown(head), permission });
  parts.crashPoint('admission-judged');
  const by = await startedBy(parts, event, judgement);
  return await start(parts, event, { profile, permission, by, headSha: head });
}

/** No profile's conditions hold; where one letter was missing, its writer is told. */
async function startNothing(
  parts: AdmissionParts,
  event: FlowEvent,
  profiles: ProfileSet,
): Promise<Decision> {
  const mistyped = await judgeMistyped(parts, event, profiles);
  if (mistyped) return await refuse(parts, event, mistyped);
  const candidates = nearMisses(profiles, event);
  return await store(parts, event, { ...no(NO_PROFILE_MATCHED, null), candidates });
}

async function answer(
  parts: AdmissionParts,
  event: FlowEvent,
  { reason, message, profile, problem, permission }: Awaited<ReturnType<typeof obey>>,
): Promise<Decision> {
  if (profile && problem) return await refuse(parts, event, { profile, problem, permission });
  const target = profile?.report.reaction ? reactionTarget(event) : undefined;
  return await store(parts, event, no({ reason, message }, profile?.path ?? null), async (trx) => {
    if (!profile || !target) return;
    const content = { reaction: '+1' } as const;
    const report = { ...reacted(event, target), content, profile: withoutPrompt(profile) };
    await parts.reports.add(report, trx);
  });
}

type Refusal = Pick<Parameters<typeof tellRefusal>[1], 'profile' | 'problem' | 'permission' | 'about'>;

async function refuse(parts: AdmissionParts, event: FlowEvent, refusal: Refusal): Promise<Decision> {
  return await decideOnce(parts, event, async (trx) => await refuseWithin(parts, event, refusal, trx));
}

async function refuseWithin(
  parts: AdmissionParts,
  event: FlowEvent,
  refusal: Refusal,
  trx: Kysely<unknown>,
): Promise<Decision> {
  const { profile, problem } = refusal;
  await tellRefusal(parts.reports, { event, ...refusal }, trx);
  const decision = no({ reason: problem.code, message: `${problem.message} ${problem.hint}` }, profile.path);
  return await written(parts, event, decision, trx);
}

/** What is known of a start that nobody objected to. */
type Admitted = {
  profile: Profile;
  permission: string | undefined;
  by: StartedBy;
  headSha: string | null;
};

/** The run with what is said about it and the decision, or the refusal with its own; all or nothing. */
async function start(
  parts: AdmissionParts,
  event: FlowEvent,
  { profile, permission, by, headSha }: Admitted,
): Promise<Decision> {
  const runId = timeId(parts.clock.now());
  const begun = startOf(parts, { event, profile, runId, by });
  return await decideOnce(parts, event, async (trx) => {
    const problem = await refuseBeyondLimits(trx, parts.limits, profile, begun);
    if (problem) return await refuseWithin(parts, event, { profile, problem, permission }, trx);
    const busy = await parts.runs.insert(
      {
        id: runId,
        deliveryId: event.deliveryId,
        repository: event.repository?.fullName ?? '',
        repositoryId: event.repository?.id ?? 0,
        issueNumber: threadNumber(event),
        profile: profile.path,
        profileJson: JSON.stringify(profile),
        queuedAt: parts.clock.now(),
        actor: event.actor?.login ?? null,
        headSha,
        actorId: event.actor?.id ?? null,
        group: groupOf(profile, event),
      },
      trx,
    );
    if (busy)
      return await refuseWithin(
        parts,
        event,
        { profile, problem: groupBusy(busy.busyWith), permission },
        trx,
      );
    await recordStart(trx, begun);
    await addStartReports(parts.reports, { event, profile, runId }, trx);
    const silent = notTold(event, profile);
    if (silent) await parts.runs.noteWithin(trx, runId, { kind: 'not_told', text: silent });
    const decision = {
      reason: 'run_queued',
      message: [`Run ${runId} was queued.`, silent].filter(Boolean).join(' '),
      profile: profile.path,
      runId,
    };
    return await written(parts, event, decision, trx);
  });
}

async function store(
  parts: AdmissionParts,
  event: FlowEvent,
  decision: Decision,
  also: (trx: Kysely<unknown>) => Promise<void> = async () => {},
): Promise<Decision> {
  return await decideOnce(parts, event, async (trx) => {
    await also(trx);
    return await written(parts, event, decision, trx);
  });
}

/** Services that share a database may come to one delivery at once: the first decision stands. */
async function decideOnce(
  parts: AdmissionParts,
  event: FlowEvent,
  decide: (trx: Kysely<unknown>) => Promise<Decision>,
): Promise<Decision> {
  return await parts.db.transaction(
    async (trx) => (await parts.deliveries.decided(event.deliveryId, trx)) ?? (await decide(trx)),
  );
}

function groupOf({ concurrency }: Profile, event: FlowEvent): RunGroup | null {
  const key = concurrency && renderGroup(concurrency.group, event.attributes);
  return key === undefined ? null : { key, onBusy: concurrency?.onBusy ?? 'queue' };
}

async function written(
  parts: AdmissionParts,
  event: FlowEvent,
  decision: Decision,
  trx: Kysely<unknown>,
): Promise<Decision> {
  await parts.deliveries.decide(event.deliveryId, decision, trx);
  return decision;
}

/** Why the first candidates did not fit, as the profiles were then. */
function nearMisses(profiles: ProfileSet, event: FlowEvent): CandidateOutcome[] {
  const first = { ...profiles, candidates: profiles.candidates.slice(0, CANDIDATES_KEPT) };
  return explainMatch(first, event).map(({ profile, failed }) => ({ profile, failed }));
}

function no(why: NoRun, profile: string | null): Decision {
  return { ...why, profile, runId: null };
}
