import type { Request, RequestHandler } from 'express';
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import type { GitHubLinks } from './links.ts';
import type { Sessions } from './sessions.ts';
import type { DashboardActions } from './sight.ts';

/** What the pages are made of; the service hands it in. */
export type DashboardParts = {
  actions: DashboardActions;
  sessions: Sessions;
  /** Throws unless the token is the admin's, as for a bearer. */
  checkToken(request: Request, token: string): void;
  /** Reads a form into the body of a request. */
  readForm: RequestHandler;
  /** What a thrown value is answered with. */
  refusalOf(error: unknown): {
    status: number;
    headers: Readonly<Record<string, string>>;
    toProblem(): Problem;
  };
  links: GitHubLinks;
  /** What stands before our paths where a request came by an address with a path of its own; else empty. */
  basePath(request: Request): string;
  /** Whether the cookie may only go over TLS. */
  isSecure(request: Request): boolean;
  log: Logger;
  clock: Clock;
};

/** How PUBLIC_URL shapes the pages: it may have a path, and it may be https though TLS ends before us. */
export function addressOf(publicUrl: string | undefined): Pick<DashboardParts, 'basePath' | 'isSecure'> {
  const url = publicUrl === undefined ? undefined : new URL(publicUrl);
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  return {
    basePath: (request) => (request.headers.host === url?.host ? path : ''),
    isSecure: (request) => request.secure || url?.protocol === 'https:',
  };
}
