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
    received_at: number;
    headers_json: string;
    decision_reason: string | null;
    decision_message: string | null;
    decision_profile: string | null;
    decision_candidates_json: string | null;
    run_id: string | null;
    body_key: string | null;
    body_forget_at: number | null;
    body_removed_at: number | null;
    signed_by: string | null;
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
  'received_at',
  'decision_reason',
  'decision_message',
  'decision_profile',
  'decision_candidates_json',
  'run_id',
  'signed_by',
] as const;

/** A row of `DELIVERY_COLUMNS` as a delivery. */
export function toDelivery(
  row: Pick<DeliveryTables['deliveries'], (typeof DELIVERY_COLUMNS)[number]>,
): Delivery {
  const { id, event, action, repository } = row;
  const decision =
    row.decision_reason === null
      ? null
      : {
          reason: row.decision_reason,
          message: row.decision_message ?? '',
          profile: row.decision_profile,
          ...(row.decision_candidates_json && { candidates: JSON.parse(row.decision_candidates_json) }),
          runId: row.run_id,
        };
  const signer = row.signed_by === null ? {} : { signedBy: row.signed_by };
  return { id, event, action, repository, receivedAt: row.received_at, decision, ...signer };
}
