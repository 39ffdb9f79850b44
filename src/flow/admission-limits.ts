import type { Kysely } from 'kysely';
import type { Problem } from '../base/errors.ts';
import { counted } from '../base/words.ts';
import type { Budget, Profile } from '../profiles/profile.ts';
import {
  countMachineStarts,
  countStarts,
  holdStarts,
  type Start,
  type StartScope,
} from '../runs/start-store.ts';
import { budgetSpent, loopStopped } from './denials.ts';

/** What is counted before a run may start; a budget that is not set does not count. Days are those of UTC. */
export type AdmissionLimits = {
  /** How many runs machines may start on one thread within so many minutes. */
  loop: { runs: number; minutes: number };
  actor: Budget;
  repository: Budget;
  profile: Budget;
};

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

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
  if (budgets.length === 0 && !start.machine) return undefined;
  await holdStarts(trx);
  return (await stopLoop(trx, limits.loop, start)) ?? (await holdToBudgets(trx, budgets, start));
}

async function stopLoop(
  trx: Kysely<unknown>,
  { runs, minutes }: AdmissionLimits['loop'],
  { machine, repository, thread, at }: Start,
): Promise<Problem | undefined> {
  if (!machine || thread === null) return undefined;
  const count = await countMachineStarts(trx, { repository, thread }, at - minutes * MINUTE_MS);
  return count >= runs ? loopStopped(count, minutes) : undefined;
}

/** The budgets that are set, each with whose it is; a profile's own goes before that of the configuration. */
function budgetsOf(limits: AdmissionLimits, profile: Profile, start: Start): [StartScope, Budget][] {
  const all: [StartScope, Budget][] = [
    [{ kind: 'actor', key: start.actor, id: start.actorId }, limits.actor],
    [{ kind: 'repository', key: start.repository }, limits.repository],
    [
      { kind: 'profile', key: start.profile },
      { ...limits.profile, ...profile.budget },
    ],
  ];
  return all.filter(([, { runs, minutes }]) => runs !== undefined || minutes !== undefined);
}

async function holdToBudgets(
  trx: Kysely<unknown>,
  budgets: readonly [StartScope, Budget][],
  start: Start,
): Promise<Problem | undefined> {
  const since = start.at - (start.at % DAY_MS);
  for (const [scope, budget] of budgets) {
    const spent = await countStarts(trx, scope, since);
    if (budget.runs !== undefined && spent.runs >= budget.runs)
      return budgetSpent(
        scope.kind,
        scope.key,
        `${spent.runs} of ${counted(budget.runs, 'run')} ${spent.runs === 1 ? 'was' : 'were'} started`,
      );
    const left = (budget.minutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS - spent.ms;
    if (start.reservedMs > left)
      return budgetSpent(scope.kind, scope.key, minutesLeft(start.reservedMs, left, budget.minutes ?? 0));
  }
  return undefined;
}

function minutesLeft(neededMs: number, leftMs: number, budget: number): string {
  const round = (ms: number): number => Math.max(0, Math.round((ms / MINUTE_MS) * 10) / 10);
  const left = round(leftMs);
  return `the run may take ${counted(round(neededMs), 'minute')}, and ${left} of ${budget} ${left === 1 ? 'is' : 'are'} left`;
}
