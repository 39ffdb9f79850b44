import type { Kysely } from 'kysely';
import type { Delivery } from './delivery.ts';

/** This room's table; times in milliseconds since 1970, `arrival` as the migration says. */
export type DeliveryTables = {
  deliveries: {
    id: string;
    arrival: number;
    event: string;
    action: string | null;
    repository: string | null;
    receivedAt: number;
    headersJson: string;
    decisionReason: string | null;
    decisionMessage: string | null;
    decisionProfile: string | null;
    decisionCandidatesJson: string | null;
    runId: string | null;
    bodyKey: string | null;
    bodyForgetAt: number | null;
    bodyRemovedAt: number | null;
    signedBy: string | null;
    body: Uint8Array;
  };
};

/** The database with this room's table known. */
export function deliveryTables(kysely: Kysely<unknown>): Kysely<DeliveryTables> {
  return kysely.withTables<DeliveryTables>();
}

/** All that a delivery shows; never the body. */
export const DELIVERY_COLUMNS = [
  'id',
  'event',
  'action',
  'repository',
  'receivedAt',
  'decisionReason',
  'decisionMessage',
  'decisionProfile',
  'decisionCandidatesJson',
  'runId',
  'signedBy',
] as const;

/** A row of `DELIVERY_COLUMNS` as a delivery. */
export function toDelivery(
  row: Pick<DeliveryTables['deliveries'], (typeof DELIVERY_COLUMNS)[number]>,
): Delivery {
  const { id, event, action, repository } = row;
  const decision =
    row.decisionReason === null
      ? null
      : {
          reason: row.decisionReason,
          message: row.decisionMessage ?? '',
          profile: row.decisionProfile,
          ...(row.decisionCandidatesJson && { candidates: JSON.parse(row.decisionCandidatesJson) }),
          runId: row.runId,
        };
  const signer = row.signedBy === null ? {} : { signedBy: row.signedBy };
  return { id, event, action, repository, receivedAt: row.receivedAt, decision, ...signer };
}
