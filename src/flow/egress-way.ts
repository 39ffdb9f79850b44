import type { PlanNetwork } from '../containers/plan.ts';
import { parseAllowList } from '../egress/allow-list.ts';
import type { EgressRequest } from '../egress/egress-request.ts';
import type { Egress } from '../egress/sockets.ts';
import type { Logger } from '../log/logger.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { createTimelineWriter } from './timeline-writer.ts';

/** What a run's way out takes from the rest of the service. */
export type EgressParts = {
  egress: Egress;
  /** The policy's `host:port` words as they are now. */
  privateHosts: () => readonly string[];
  runs: RunStore;
  redactor: { mask(text: string): string };
  log: Logger;
};

/** Opens the way out of a run whose network is a list; the others need none. Every request is written into its timeline. */
export async function openEgress(parts: EgressParts, run: Run, network: PlanNetwork): Promise<void> {
  if (typeof network !== 'object' || !('allow' in network)) return;
  const { list } = parseAllowList(network.allow, parts.privateHosts());
  const timeline = createTimelineWriter(parts.runs, run.id);
  let written = Promise.resolve();
  await parts.egress.open(run.id, list, (request) => {
    const entry = timelineEntry(request, parts.redactor.mask);
    if (!entry) return;
    written = written
      .then(() => timeline.write(entry))
      .catch((error: unknown) =>
        parts.log.warn({ err: error, run: run.id }, 'a request of a run is missing in its timeline'),
      );
  });
}

/** What was granted or refused, and what ended otherwise than by its two sides. */
function timelineEntry(request: EgressRequest, mask: (text: string) => string) {
  if (request.decision === 'closed' && request.reason === null) return undefined;
  const { port, decision, reason, bytesUp, bytesDown } = request;
  const data = { host: mask(request.host), port, decision, reason, bytesUp, bytesDown };
  return { kind: 'egress', text: mask(request.message), data };
}
