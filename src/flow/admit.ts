import type { Clock } from '../base/clock.ts';
import { asFlowError, FlowError, type Problem } from '../base/errors.ts';
import { timeId } from '../base/ids.ts';
import type { Db } from '../db/open.ts';
import type { CandidateOutcome, Decision, Delivery } from '../deliveries/delivery.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { EventActor, FlowEvent } from '../events/event.ts';
import { readEvent } from '../events/from-delivery.ts';
import type { Logger } from '../log/logger.ts';
import { judgeActor } from '../profiles/allow.ts';
import { explainMatch, matchEvent, type ProfileSet } from '../profiles/match.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Registry } from '../profiles/registry.ts';
import type { ReportStore } from '../runs/report-store.ts';
import type { RunStore } from '../runs/run-store.ts';
import { NO_PROFILE_MATCHED, type NoRun, refusedBeforeMatching } from './no-run.ts';
import { permissionReaches } from './permission-levels.ts';
import { reactionTarget } from './report-targets.ts';

/** What admission asks of GitHub: the actor's live permission; it throws when there is no answer. */
export type AskPermission = (profile: Profile, repository: string, login: string) => Promise<string>;

/** How many candidates' reasons are kept with a delivery that none of them took; `explain` tells them all. */
const CANDIDATES_KEPT = 20;

/** Decides deliveries: each becomes one run or gets the reason why not, in one transaction. */
export type Admission = {
  /** Decides one stored delivery; deciding it again changes nothing. Gives the decision. */
  admit(delivery: Delivery): Promise<Decision>;
};

/** The parts that admission joins. */
export type AdmissionParts = {
  db: Db;
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  registry: Registry;
  askPermission: AskPermission;
  clock: Clock;
  log: Logger;
};

/** Admission over the given stores. */
export function createAdmission(parts: AdmissionParts): Admission {
  return {
    async admit(delivery) {
      const body = await parts.deliveries.body(delivery.id);
      const event = readEvent({
        deliveryId: delivery.id,
        event: delivery.event,
        body: body ?? Buffer.alloc(0),
      });
      const choice = await choose(parts, event);
      const decision = 'profile' in choice ? await start(parts, event, choice.profile) : choice.decision;
      if (decision.runId === null) await parts.deliveries.decide(delivery.id, decision);
      parts.log.info({ delivery: delivery.id, ...decision }, 'decided');
      return decision;
    },
  };
}

async function choose(
  parts: AdmissionParts,
  event: FlowEvent,
): Promise<{ profile: Profile } | { decision: Decision }> {
  const refused = refusedBeforeMatching(event);
  if (refused) return no(refused, null);
  const profiles = parts.registry.current();
  const winner = matchEvent(profiles, event).winner;
  if (!winner)
    return {
      decision: { ...no(NO_PROFILE_MATCHED, null).decision, candidates: nearMisses(profiles, event) },
    };
  const { profile } = winner;
  const denial = await askActor(parts, profile, event.repository?.fullName ?? '', event.actor);
  return denial
    ? no({ reason: denial.code, message: `${denial.message} ${denial.mend}` }, profile.path)
    : { profile };
}

async function askActor(
  parts: AdmissionParts,
  profile: Profile,
  repository: string,
  actor: EventActor | undefined,
): Promise<Problem | undefined> {
  const judgement = judgeActor(profile.allow, actor);
  if (judgement === 'allowed') return undefined;
  if ('denied' in judgement) return judgement.denied;
  const login = actor?.login ?? '';
  try {
    const permission = await parts.askPermission(profile, repository, login);
    return permissionReaches(permission, judgement.ask)
      ? undefined
      : permissionTooLow(login, permission, judgement.ask);
  } catch (error) {
    return permissionUnknown(login, asFlowError(error));
  }
}

/** The run and the decision, both or neither. */
async function start(parts: AdmissionParts, event: FlowEvent, profile: Profile): Promise<Decision> {
  const runId = timeId(parts.clock.now());
  const decision = {
    reason: 'run_queued',
    message: `Run ${runId} was queued.`,
    profile: profile.path,
    runId,
  };
  await parts.db.transaction(async (trx) => {
    await parts.runs.insert(
      {
        id: runId,
        deliveryId: event.deliveryId,
        repository: event.repository?.fullName ?? '',
        repositoryId: event.repository?.id ?? 0,
        issueNumber: typeof event.attributes.issueNumber === 'number' ? event.attributes.issueNumber : null,
        profile: profile.path,
        profileJson: JSON.stringify(profile),
        queuedAt: parts.clock.now(),
      },
      trx,
    );
    const target = profile.report.reaction ? reactionTarget(event) : undefined;
    if (target) await parts.reports.add({ runId, kind: 'reaction', target }, trx);
    await parts.deliveries.decide(event.deliveryId, decision, trx);
  });
  return decision;
}

/** Why the first candidates did not fit, as the profiles were then. */
function nearMisses(profiles: ProfileSet, event: FlowEvent): CandidateOutcome[] {
  const first = { ...profiles, candidates: profiles.candidates.slice(0, CANDIDATES_KEPT) };
  return explainMatch(first, event).map(({ profile, failed }) => ({ profile, failed }));
}

function no(why: NoRun, profile: string | null): { decision: Decision } {
  return { decision: { ...why, profile, runId: null } };
}

function permissionTooLow(login: string, permission: string, wanted: string): Problem {
  return new FlowError({
    code: 'permission_too_low',
    blame: 'sender',
    message: `${login} has the permission ${permission} on this repository; the profile asks for ${wanted}.`,
    mend: 'Give the account that permission on GitHub, or name it in allow.actors of the profile.',
  }).toProblem();
}

function permissionUnknown(login: string, cause: FlowError): Problem {
  return new FlowError({
    code: 'permission_unknown',
    blame: 'github',
    message: `GitHub did not say which permission ${login || 'the sender'} has (${cause.code}: ${cause.message}), and no answer means no.`,
    mend: cause.mend,
  }).toProblem();
}
