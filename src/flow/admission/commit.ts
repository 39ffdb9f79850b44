import type { Kysely } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { Decision } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { recordStart } from '../../runs/store/start-store.ts';
import { startReports, whyUnreported } from '../reporting/initial-reports.ts';
import type { ProposedRun } from './decide.ts';
import { groupBusy } from './errors.ts';
import { type AdmissionLimits, refuseBeyondLimits } from './limits.ts';
import { type Resolution, refuseEvent } from './resolution.ts';

/** What committing takes from the rest of the service. */
export type CommitParts = {
  db: Db;
  deliveries: Pick<DeliveryStore, 'decided' | 'decide'>;
  runs: Pick<RunStore, 'insert' | 'noteWithin'>;
  reports: Pick<ReportStore, 'add'>;
  limits: AdmissionLimits;
};

/**
 * Stores the decision about a delivery in one transaction. When services that share a database decide one delivery at once,
 * the first decision stands, and all of them return it.
 */
export async function commit(
  parts: CommitParts,
  event: FlowEvent,
  proposal: Resolution | ProposedRun,
): Promise<Decision> {
  return await parts.db.transaction(async (trx) => {
    const standing = await parts.deliveries.decided(event.deliveryId, trx);
    if (standing) return standing;
    const { decision, reports } = 'run' in proposal ? await queueRun(parts, event, proposal, trx) : proposal;
    for (const report of reports) await parts.reports.add(report, trx);
    await parts.deliveries.decide(event.deliveryId, decision, trx);
    return decision;
  });
}

/** Limits and the run's group are read in the transaction that adds to them, so that simultaneous starts count each other. */
async function queueRun(
  parts: CommitParts,
  event: FlowEvent,
  { profile, permission, run, start }: ProposedRun,
  trx: Kysely<unknown>,
): Promise<Resolution> {
  const beyond = await refuseBeyondLimits(trx, parts.limits, profile, start);
  if (beyond) return refuseEvent(event, { profile, problem: beyond, permission });
  const busy = await parts.runs.insert(run, trx);
  if (busy) return refuseEvent(event, { profile, problem: groupBusy(busy.busyWith), permission });
  await recordStart(trx, start);
  const unreported = whyUnreported(event, profile);
  if (unreported) await parts.runs.noteWithin(trx, run.id, { kind: 'not_reported', text: unreported });
  const message = [`Run ${run.id} was queued.`, unreported].filter(Boolean).join(' ');
  return {
    decision: { reason: 'run_queued', message, profile: profile.path, runId: run.id },
    reports: startReports(event, profile, run.id),
  };
}
