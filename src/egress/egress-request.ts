import type { Clock } from '../base/clock.ts';

/**
 * One line for a run's timeline. A request is `refused`, or `granted` and later `closed`. `reason` is a code of
 * docs/errors.md, null for what was granted and for what its two sides closed. Bytes are the client's; `ms` count from
 * the request. `host` is empty and `port` 0 where none could be read. Hosts and messages hold what the agent sent, so
 * they are masked before anything is written.
 */
export type EgressRequest = {
  host: string;
  port: number;
  decision: 'granted' | 'refused' | 'closed';
  reason: string | null;
  message: string;
  bytesUp: number;
  bytesDown: number;
  ms: number;
};

/** Records one decision about a request. */
export type RequestLog = (
  decision: EgressRequest['decision'],
  why: { reason: string | null; message: string },
  bytes?: { bytesUp: number; bytesDown: number },
) => void;

/** The log of a request that begins now. */
export function createRequestLog(
  onRequest: (request: EgressRequest) => void,
  clock: Clock,
  { host, port }: { host: string; port: number },
): RequestLog {
  const startedAt = clock.now();
  return (decision, { reason, message }, { bytesUp, bytesDown } = { bytesUp: 0, bytesDown: 0 }) =>
    onRequest({ host, port, decision, reason, message, bytesUp, bytesDown, ms: clock.now() - startedAt });
}
