import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import { createPoller } from '../base/poller.ts';
import type { Logger } from '../log/logger.ts';
import { type RedeliveryParts, type RedeliveryResult, redeliverMissing, type Source } from './redeliver.ts';

/** Where deliveries may be missing from, as far as the credentials reach; `problems` are the places that could not be asked. */
export type Sources = { sources: readonly Source[]; problems: readonly { name: string; problem: Problem }[] };

/** Compares GitHub's lists with what arrived, at its start and every `everyMs`. */
export type RedeliveryLoop = {
  /** What the last comparison found. */
  last(): { at: number | null; lists: readonly RedeliveryResult[] };
  stop(): Promise<void>;
};

type LoopParts = RedeliveryParts & {
  /** Asked anew each time: Apps and profiles come and go. */
  sources: () => Promise<Sources>;
  everyMs: number;
  backMs: number;
  clock: Clock;
  log: Logger;
};

/** Starts it; the first comparison begins at once. */
export function startRedelivery(parts: LoopParts): RedeliveryLoop {
  let last: { at: number | null; lists: readonly RedeliveryResult[] } = { at: null, lists: [] };
  let stopped = false;
  const logResult = createChangeLog(parts.log);
  const look = async (): Promise<void> => {
    const { sources, problems } = await parts.sources();
    const lists: RedeliveryResult[] = problems.map(({ name, problem }) => ({
      ...NOTHING,
      source: name,
      problem,
    }));
    for (const source of sources) {
      if (stopped) return;
      const since = parts.clock.now() - parts.backMs;
      lists.push(await redeliverMissing(parts, source, { since, insist: false }));
    }
    for (const list of lists) logResult(list);
    last = { at: parts.clock.now(), lists };
    await parts.requests.forget(parts.clock.now() - FORGET_MS);
  };
  const { clock, everyMs } = parts;
  const onError = (error: unknown): void =>
    parts.log.warn({ err: error }, 'search for missed deliveries failed, will be retried');
  const poller = createPoller({ clock, everyMs, look, onError });
  poller.start();
  return {
    last: () => last,
    async stop() {
      stopped = true;
      await poller.stop();
    },
  };
}

const NOTHING = { listed: 0, missing: 0, requested: 0 };

/** GitHub lists nothing that is as old as this. */
const FORGET_MS = 30 * 86_400_000;

/** Logs a problem when it is new and when it is over; redeliveries each time. */
function createChangeLog(log: Logger): (list: RedeliveryResult) => void {
  const known = new Map<string, string>();
  return ({ source, missing, requested, problem }) => {
    const before = known.get(source);
    if (problem && problem.code !== before)
      log.warn({ source, ...problem }, 'missed deliveries cannot be listed');
    if (!problem && before !== undefined) log.info({ source }, 'missed deliveries can be listed again');
    if (problem) known.set(source, problem.code);
    else known.delete(source);
    if (requested > 0) log.info({ source, missing, requested }, 'requested redelivery of missed deliveries');
  };
}
