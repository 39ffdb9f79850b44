import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';

/** How long a login lasts, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

/** Maximum number of logins; the least recently used one ends first. */
const MAX_SESSIONS = 1_000;

const COOKIE = 'github_flows_session';

/** 260 random bits. */
const ID_LENGTH = 52;

/** A login; each form carries its `csrf`. */
export type Session = { csrf: string };

/** Who is logged in. Kept in memory: a restart of the service logs everybody out. */
export type Sessions = {
  /** Gives the new session's id; only a hash of it is kept. */
  open(): string;
  find(id: string | undefined): Session | undefined;
  close(id: string | undefined): void;
};

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

/** The session id in a browser's cookies, which may include others. */
export function sentSession(request: Request): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const own = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`));
  return own?.slice(COOKIE.length + 1);
}

/** Sets a session in the browser, hidden from scripts and from requests of other sites. */
export function setSessionCookie(response: Response, id: string, secure: boolean): void {
  response.cookie(COOKIE, id, { ...cookieAttributes(secure), maxAge: SESSION_MS });
}

/** Removes the session from the browser. */
export function clearSessionCookie(response: Response, secure: boolean): void {
  response.clearCookie(COOKIE, cookieAttributes(secure));
}

function cookieAttributes(secure: boolean) {
  return { httpOnly: true, sameSite: 'strict', secure, path: '/' } as const;
}
