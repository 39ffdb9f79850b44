import type { Request, Response } from 'express';
import { SESSION_MS } from './sessions.ts';

const NAME = 'github_flows_session';

/** The session id that a browser sent; its cookies may hold others' too. */
export function sentSession(request: Request): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const own = cookies.find((cookie) => cookie.startsWith(`${NAME}=`));
  return own?.slice(NAME.length + 1);
}

/** Gives the browser a session: out of reach of scripts, and of requests that begin on other sites. */
export function giveSession(response: Response, id: string, secure: boolean): void {
  response.cookie(NAME, id, { ...attributes(secure), maxAge: SESSION_MS });
}

/** Has the browser forget its session. */
export function takeSession(response: Response, secure: boolean): void {
  response.clearCookie(NAME, attributes(secure));
}

function attributes(secure: boolean) {
  return { httpOnly: true, sameSite: 'strict', secure, path: '/' } as const;
}
