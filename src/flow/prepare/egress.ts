import type { PlanNetwork } from '../../containers/plan.ts';
import { isAllowed, parseAllowList } from '../../egress/allow-list.ts';
import type { EgressRequest } from '../../egress/egress-request.ts';
import type { Egress } from '../../egress/proxy/sockets.ts';
import type { HostLists } from '../../egress/shipped-lists.ts';
import { createTally, type EgressLine } from '../../egress/tally.ts';
import type { Logger } from '../../log/logger.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { timelineText } from '../timeline-writer.ts';

/** What a run's egress takes from the rest of the service. */
export type EgressParts = {
  egress: Egress;
  /** The policy's `host:port` words as they are now. */
  privateHosts: () => readonly string[];
  /** What the names of lists stand for. */
  hostLists: HostLists;
  runs: Pick<RunStore, 'note'>;
  redactor: { mask(text: string): string };
  log: Pick<Logger, 'warn'>;
};

/**
 * Opens the egress of a run whose network is a list; the others need none. Its requests are written into its timeline,
 * those that are alike in few lines; what was only counted is written when the egress closes.
 */
export async function openEgress(
  parts: EgressParts,
  run: Pick<Run, 'id'>,
  network: PlanNetwork,
): Promise<void> {
  if (typeof network !== 'object' || !('allow' in network)) return;
  const { list } = parseAllowList(network.allow, parts.hostLists, parts.privateHosts());
  const named = list.filter(({ below }) => !below);
  const tally = createTally((host, port) => isAllowed(named, host, port));
  let written = Promise.resolve();
  const write = (line: EgressLine): void => {
    written = written
      .then(() => parts.runs.note(run.id, timelineEntry(line, parts.redactor.mask)))
      .catch((error: unknown) =>
        parts.log.warn({ err: error, run: run.id }, 'egress request could not be added to timeline'),
      );
  };
  const onRequest = (request: EgressRequest): void => {
    const line = tally.add(request);
    if (line) write(line);
  };
  await parts.egress.open(run.id, list, onRequest, async () => {
    tally.rest().forEach(write);
    await written;
  });
}

function timelineEntry({ message, ...data }: EgressLine, mask: (text: string) => string) {
  return {
    kind: 'egress',
    text: timelineText(mask(message)),
    data: { ...data, host: timelineText(mask(data.host)) },
  };
}
