import { within } from '../../base/cancel.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../log/logger.ts';

/** Renews a worker's leases, and detects when it could not. */
export type LeaseRenewer = {
  start(): void;
  /** False from when a lease may expire before it is renewed, until it is renewed. */
  isHeld(): boolean;
  stop(): Promise<void>;
};

/**
 * When no `renew` that was sent in the last `fenceMs` has come back, `onCutOff` is called: then there is just time to
 * stop what runs.
 *
 * Only timers count, which run on the host's monotonic clock: the time of day may jump, and a database that never
 * answers is as good as one that refuses. A renewal counts from when it was sent, which is before the database's
 * clock took it.
 */
export function createLeaseRenewer(parts: {
  renew: () => Promise<void>;
  onCutOff: () => void;
  everyMs: number;
  fenceMs: number;
  clock: Clock;
  log: Logger;
}): LeaseRenewer {
  const { clock, everyMs, fenceMs, log } = parts;
  const fences = new Map<number, Timer>();
  const expired = new Set<number>();
  let sent = 0;
  let newest = 0;
  let isHeld = true;
  let timer: Timer | undefined;
  let renewing: Promise<void> = Promise.resolve();

  const cutOff = (attempt: number): void => {
    expired.add(attempt);
    if (attempt !== newest || !isHeld) return;
    isHeld = false;
    log.error(
      { forMs: fenceMs },
      'database takes no lease renewals, containers are stopped before their leases end',
    );
    parts.onCutOff();
  };
  const attempt = async (): Promise<void> => {
    sent += 1;
    const own = sent;
    fences.set(
      own,
      clock.after(fenceMs, () => cutOff(own)),
    );
    try {
      await parts.renew();
      if (own > newest && !expired.has(own)) {
        newest = own;
        if (!isHeld) log.info('database takes lease renewals again');
        isHeld = true;
      }
    } catch (error) {
      log.error({ err: error }, 'leases could not be renewed');
    }
    for (const [other, fence] of fences)
      if (other < newest || (other === own && own !== newest)) {
        fence.stop();
        fences.delete(other);
        expired.delete(other);
      }
  };
  const renew = async (): Promise<void> => {
    renewing = attempt();
    await within(clock, everyMs, renewing);
  };
  return {
    start() {
      fences.set(
        0,
        clock.after(fenceMs, () => cutOff(0)),
      );
      timer = clock.every(everyMs, renew);
    },
    isHeld: () => isHeld,
    async stop() {
      timer?.stop();
      for (const fence of fences.values()) fence.stop();
      await within(clock, everyMs, renewing);
    },
  };
}

/** Times of leases in milliseconds: renewed `everyMs`, taken for lost `fenceMs` after the last renewal. */
export type LeaseTimes = { leaseMs: number; everyMs: number; fenceMs: number };

/** A worker that has not renewed its lease for this long is taken for dead. */
const LEASE_MS = 60_000;

/** Beyond the grace: until a killed container is gone, and some slack. */
const STOPPING_MS = 2_000;

/** How leases are kept: long enough that after a missed renewal containers can still be stopped, with their grace, before the lease ends. Tests set a shorter one. */
export function leaseTimes({
  environment,
  run,
}: {
  environment: Readonly<Record<string, string | undefined>>;
  run: { graceSec: number };
}): LeaseTimes {
  const stopping = run.graceSec * 1000 + STOPPING_MS;
  const leaseMs = Math.max(Number(environment.GITHUB_FLOWS_LEASE_MS) || LEASE_MS, 2 * stopping);
  return { leaseMs, everyMs: leaseMs / 4, fenceMs: leaseMs - stopping };
}
