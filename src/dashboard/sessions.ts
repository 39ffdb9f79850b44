import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';

/** How long a login lasts, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

/** Logins at a time; the oldest ends when there is one more. */
const MAX_SESSIONS = 1_000;

/** 260 random bits. */
const ID_LENGTH = 52;

/** Somebody who logged in; `csrf` goes into each form and comes back with it. */
export type Session = { csrf: string; endsAt: number };

/** Who is logged in. Kept in memory: a restart of the service logs everybody out. */
export type Sessions = {
  /** Gives the new session's id, which only its browser knows; here there is a hash of it. */
  open(): string;
  find(id: string | undefined): Session | undefined;
  close(id: string | undefined): void;
};

/** Nobody is logged in yet. */
export function createSessions(clock: Clock): Sessions {
  const sessions = new Map<string, Session>();
  const key = (id: string): string => createHash('sha256').update(id).digest('hex');
  return {
    open() {
      const now = clock.now();
      for (const [each, { endsAt }] of sessions) if (endsAt <= now) sessions.delete(each);
      const [oldest] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      const id = randomId(ID_LENGTH);
      sessions.set(key(id), { csrf: randomId(ID_LENGTH), endsAt: now + SESSION_MS });
      return id;
    },
    find(id) {
      const session = id === undefined ? undefined : sessions.get(key(id));
      return session !== undefined && clock.now() < session.endsAt ? session : undefined;
    },
    close: (id) => void (id !== undefined && sessions.delete(key(id))),
  };
}

/** Whether a form carries the token of this session. */
export function isOwnForm(session: Session, csrf: unknown): boolean {
  const sent = Buffer.from(typeof csrf === 'string' ? csrf : '');
  const wanted = Buffer.from(session.csrf);
  return sent.length === wanted.length && timingSafeEqual(sent, wanted);
}
