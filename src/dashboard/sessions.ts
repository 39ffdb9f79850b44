import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';

/** How long a login lasts, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

/** Logins at a time; the one that was used longest ago ends when there is one more. */
const MAX_SESSIONS = 1_000;

/** 260 random bits. */
const ID_LENGTH = 52;

/** Somebody who logged in; `csrf` goes into each form and comes back with it. */
export type Session = { csrf: string };

/** Who is logged in. Kept in memory: a restart of the service logs everybody out. */
export type Sessions = {
  /** Gives the new session's id, which only its browser knows; here there is a hash of it. */
  open(): string;
  find(id: string | undefined): Session | undefined;
  close(id: string | undefined): void;
};

/** Nobody is logged in yet. */
export function createSessions(clock: Clock): Sessions {
  const sessions = new LRUCache<string, Session>({
    max: MAX_SESSIONS,
    // What is as old as its `ttl` still counts there.
    ttl: SESSION_MS - 1,
    ttlResolution: 0,
    perf: clock,
  });
  const key = (id: string): string => createHash('sha256').update(id).digest('hex');
  return {
    open() {
      const id = randomId(ID_LENGTH);
      sessions.set(key(id), { csrf: randomId(ID_LENGTH) });
      return id;
    },
    find: (id) => (id === undefined ? undefined : sessions.get(key(id))),
    close: (id) => void (id !== undefined && sessions.delete(key(id))),
  };
}

/** Whether a form carries the token of this session. */
export function isOwnForm(session: Session, csrf: unknown): boolean {
  const sent = Buffer.from(typeof csrf === 'string' ? csrf : '');
  const wanted = Buffer.from(session.csrf);
  return sent.length === wanted.length && timingSafeEqual(sent, wanted);
}
