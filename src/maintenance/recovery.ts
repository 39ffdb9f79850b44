import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import { type RecoverParts, type Recovery, recover, type Source } from './recover.ts';

/** Where deliveries may be missing from, as far as the credentials reach; `problems` are the places that could not be asked. */
export type Sources = { sources: readonly Source[]; problems: readonly { name: string; problem: Problem }[] };

/** Compares GitHub's lists with what arrived, at its start and every `everyMs`. */
export type RecoveryLoop = {
  /** What the last comparison found. */
  last(): { at: number | null; lists: readonly Recovery[] };
  stop(): Promise<void>;
};

type LoopParts = RecoverParts & {
  /** Asked anew each time: Apps and profiles come and go. */
  sources: () => Promise<Sources>;
  everyMs: number;
  backMs: number;
  clock: Clock;
  log: Logger;
};

/** Starts it; the first comparison begins at once. */
export function startRecovery(parts: LoopParts): RecoveryLoop {
  let last: { at: number | null; lists: readonly Recovery[] } = { at: null, lists: [] };
  let stopped = false;
  const tell = createTeller(parts.log);
  const look = async (): Promise<void> => {
    try {
      const { sources, problems } = await parts.sources();
      const lists: Recovery[] = problems.map(({ name, problem }) => ({ ...NOTHING, source: name, problem }));
      for (const source of sources) {
        if (stopped) return;
        const since = parts.clock.now() - parts.backMs;
        lists.push(await recover(parts, source, { since, insist: false }));
      }
      for (const list of lists) tell(list);
      last = { at: parts.clock.now(), lists };
      await parts.asked.forget(parts.clock.now() - FORGET_MS);
    } catch (error) {
      parts.log.warn({ err: error }, 'missed deliveries could not be looked for; it is tried again');
    }
  };
  let working = look();
  const timer = parts.clock.every(parts.everyMs, () => {
    working = working.then(look);
    return working;
  });
  return {
    last: () => last,
    async stop() {
      stopped = true;
      timer.stop();
      await working;
    },
  };
}

const NOTHING = { listed: 0, missing: 0, asked: 0 };

/** GitHub lists nothing that is as old as this. */
const FORGET_MS = 30 * 86_400_000;

/** A problem is told when it is new, and once more when it is over; what was asked for again, each time. */
function createTeller(log: Logger): (list: Recovery) => void {
  const known = new Map<string, string>();
  return ({ source, missing, asked, problem }) => {
    const before = known.get(source);
    if (problem && problem.code !== before)
      log.warn({ source, ...problem }, 'missed deliveries cannot be looked for here');
    if (!problem && before !== undefined) log.info({ source }, 'missed deliveries are looked for again');
    if (problem) known.set(source, problem.code);
    else known.delete(source);
    if (asked > 0) log.info({ source, missing, asked }, 'asked GitHub to deliver again what did not arrive');
  };
}
