import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { createPoller } from '../base/poller.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { Logger } from '../log/logger.ts';
import type { PublicationStore } from '../runs/outbox/publication-store.ts';
import type { OutputStore } from '../runs/store/output-store.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { removeOldMirrors } from './old-mirrors.ts';
import { type RemovedAmount, removeLargeWorkspaces, removeOldBodies, removeOldLogs } from './remove-old.ts';

/** How long, in milliseconds, and how much, in bytes, is kept of each kind; how long workspaces are kept the sweep knows. */
export type KeepRules = {
  bodies: { ms: number; bytes: number };
  logs: { ms: number; bytes: number };
  mirrors: { ms: number; bytes: number };
  workspaces: { bytes: number };
};

/** What was removed, by kind. */
type RetentionResult = Record<'bodies' | 'logs' | 'workspaces' | 'mirrors', RemovedAmount>;

/** What retention looks at. */
type RetentionParts = {
  varDir: string;
  workspaceRoot: string;
  keep: KeepRules;
  deliveries: DeliveryStore;
  runs: RunStore;
  outputs: OutputStore;
  publications: Pick<PublicationStore, 'waiting'>;
  clock: Clock;
  log: Logger;
};

/** Removes what is too old or too much, from its start on and every ten minutes; `removed` counts since the start. */
export type Retention = { removed(): RetentionResult; stop(): Promise<void> };

const EVERY_MS = 10 * 60_000;
const KINDS = ['bodies', 'logs', 'workspaces', 'mirrors'] as const;

/** Starts it; the first round begins at once. */
export function startRetention(parts: RetentionParts): Retention {
  const stop = new AbortController();
  const total = nothing();
  const poller = createPoller({
    clock: parts.clock,
    everyMs: EVERY_MS,
    async look() {
      const removed = await retain(parts, stop.signal);
      for (const kind of KINDS) {
        total[kind].count += removed[kind].count;
        total[kind].bytes += removed[kind].bytes;
      }
    },
    onError(error) {
      if (!stop.signal.aborted) parts.log.warn({ err: error }, 'retention failed, will be retried');
    },
  });
  poller.start();
  return {
    removed: () => structuredClone(total),
    async stop() {
      stop.abort();
      await poller.stop();
    },
  };
}

/** One round; what an active run uses stays. Rejects with the signal's reason when that aborts. */
export async function retain(parts: RetentionParts, signal: AbortSignal): Promise<RetentionResult> {
  const { keep, deliveries, runs, outputs, publications, clock } = parts;
  const rule = (kind: { ms: number; bytes: number }) => ({
    before: clock.now() - kind.ms,
    maxBytes: kind.bytes,
  });
  // A publication that waits still needs its delivery for its texts.
  const waiting = (await publications.waiting()).map(({ runId }) => runId);
  const needed = new Set([...(await runs.notEnded()).map(({ id }) => id), ...waiting]);
  const removed = nothing();
  removed.bodies = await removeOldBodies(deliveries, needed, rule(keep.bodies));
  signal.throwIfAborted();
  const logs = join(parts.varDir, 'log', 'runs');
  removed.logs = await removeOldLogs(
    { directory: logs, runs, outputs, publications, signal },
    rule(keep.logs),
  );
  const { workspaceRoot } = parts;
  removed.workspaces = await removeLargeWorkspaces({ workspaceRoot, runs, signal }, keep.workspaces.bytes);
  const mirrors = join(parts.varDir, 'mirrors');
  removed.mirrors = await removeOldMirrors(
    { directory: mirrors, runs, publications, now: clock.now(), signal },
    rule(keep.mirrors),
  );
  if (KINDS.some((kind) => removed[kind].count > 0)) parts.log.info({ removed }, 'removed old data');
  return removed;
}

function nothing(): RetentionResult {
  const none = (): RemovedAmount => ({ count: 0, bytes: 0 });
  return { bodies: none(), logs: none(), workspaces: none(), mirrors: none() };
}
