import type { Kysely } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import type { Problem } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
import type { FlowEvent } from '../../events/event.ts';
import { namesAccount } from '../../profiles/allow.ts';
import type { Budget, Profile } from '../../profiles/profile.ts';
import {
  countBotStarts,
  countStarts,
  lockStarts,
  OWN_WORK,
  type Start,
  type StartCount,
  type StartScope,
} from '../../runs/store/start-store.ts';
import { budgetSpent, loopStopped } from './errors.ts';

/** What is counted before a run may start; a budget that is not set does not count. Days are those of UTC. */
export type AdmissionLimits = {
  /** How many runs bots may start within so many minutes: on one thread; without a thread, of one profile for one branch. */
  loop: { runs: number; minutes: number };
  actor: Budget;
  repository: Budget;
  profile: Budget;
  /** The default for profiles that everybody may start. */
  open: DayBudgets;
};

/** What may be started in a day by one person, in one repository, and of one profile. */
type DayBudgets = { actor: Budget; repository: Budget; profile: Budget };

const NO_BUDGETS: DayBudgets = { actor: {}, repository: {}, profile: {} };

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** How a start is counted. `isOwn`: the service itself, or what one of its runs pushed, caused the event. */
export type StartedBy = { byBot: boolean; isOwn: boolean };

/** One start of a run as it is counted; it reserves all the time that its profile gives a run. */
export function startOf(
  parts: { clock: Clock; defaultTimeoutSec: number },
  { event, profile, runId, by }: { event: FlowEvent; profile: Profile; runId: string; by: StartedBy },
): Start {
  const thread = threadNumber(event);
  return {
    runId,
    at: parts.clock.now(),
    repository: event.repository?.fullName ?? '',
    thread,
    actor: event.actor?.login ?? '',
    actorId: event.actor?.id ?? null,
    profile: profile.path,
    byBot: by.byBot,
    place: by.byBot && thread === null ? placeOf(event, by) : null,
    reservedMs: (profile.execution.runtime.timeoutSec ?? parts.defaultTimeoutSec) * 1000,
  };
}

/** Each run has a new branch, so all branches of runs count as one place. */
function placeOf({ attributes, commit }: FlowEvent, { isOwn }: StartedBy): string {
  if (isOwn) return OWN_WORK;
  return typeof attributes.branch === 'string' ? attributes.branch : (commit ?? '');
}

/** The issue, pull request or discussion that an event belongs to; in one repository no two of them have one number. */
export function threadNumber({ attributes }: FlowEvent): number | null {
  const number = attributes.issueNumber;
  return typeof number === 'number' ? number : null;
}

/**
 * Why a start is one too many, or nothing. What was counted holds until `trx` ends, so that starts at the same time,
 * in whatever process, count each other; `start` itself is not recorded here.
 */
export async function refuseBeyondLimits(
  trx: Kysely<unknown>,
  limits: AdmissionLimits,
  profile: Profile,
  start: Start,
): Promise<Problem | undefined> {
  const budgets = budgetsOf(limits, profile, start);
  if (budgets.length === 0 && !start.byBot) return undefined;
  await lockStarts(trx);
  return (await stopLoop(trx, limits.loop, start)) ?? (await enforceBudgets(trx, budgets, start));
}

async function stopLoop(
  trx: Kysely<unknown>,
  { runs, minutes }: AdmissionLimits['loop'],
  start: Start,
): Promise<Problem | undefined> {
  if (!start.byBot) return undefined;
  const count = await countBotStarts(trx, start, start.at - minutes * MINUTE_MS);
  return count >= runs ? loopStopped(count, minutes, start.place) : undefined;
}

/** Whether everybody may start a profile and it does not name this actor. */
function isOpenTo(
  { allow }: Profile,
  { actor: login, actorId, byBot }: Pick<Start, 'actor' | 'actorId' | 'byBot'>,
): boolean {
  return (
    allow.permission === 'any' && !byBot && !namesAccount(allow.actors, { login, id: actorId ?? undefined })
  );
}

/**
 * The budgets of a day. A profile's own budget goes before the configuration's, and that before the default of open
 * profiles. A profile with a budget of its own has no such default for its repositories either.
 */
export function dayBudgets(
  limits: AdmissionLimits,
  { budget }: Pick<Profile, 'budget'>,
  isOpen: boolean,
): DayBudgets {
  const open = isOpen ? limits.open : NO_BUDGETS;
  const { repository, profile } = budget ? NO_BUDGETS : open;
  return {
    actor: { ...open.actor, ...limits.actor },
    repository: { ...repository, ...limits.repository },
    profile: { ...profile, ...limits.profile, ...budget },
  };
}

/** The budgets that are set, each with its scope. */
function budgetsOf(limits: AdmissionLimits, profile: Profile, start: Start): [StartScope, Budget][] {
  const budgets = dayBudgets(limits, profile, isOpenTo(profile, start));
  const all: [StartScope, Budget][] = [
    [{ kind: 'actor', key: start.actor, id: start.actorId }, budgets.actor],
    [{ kind: 'repository', key: start.repository }, budgets.repository],
    [{ kind: 'profile', key: start.profile }, budgets.profile],
  ];
  return all.filter(([, { runs, minutes }]) => runs !== undefined || minutes !== undefined);
}

async function enforceBudgets(
  trx: Kysely<unknown>,
  budgets: readonly [StartScope, Budget][],
  start: Start,
): Promise<Problem | undefined> {
  const since = start.at - (start.at % DAY_MS);
  for (const [scope, budget] of budgets) {
    const refusal = beyondBudget(scope, budget, await countStarts(trx, scope, since), start.reservedMs);
    if (refusal) return refusal;
  }
  return undefined;
}

function beyondBudget(
  { kind, key }: StartScope,
  budget: Budget,
  spent: StartCount,
  reservedMs: number,
): Problem | undefined {
  if (budget.runs !== undefined && spent.runs >= budget.runs)
    return budgetSpent(kind, key, `used today's budget: ${spent.runs} of ${counted(budget.runs, 'run')}`);
  const left = (budget.minutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS - spent.ms;
  if (reservedMs <= left) return undefined;
  return budgetSpent(
    kind,
    key,
    `too little of today's budget left: the run may take ${counted(inMinutes(reservedMs), 'minute')}, and ${inMinutes(left)} of ${budget.minutes} are left`,
  );
}

function inMinutes(ms: number): number {
  return Math.max(0, Math.round((ms / MINUTE_MS) * 10) / 10);
}
