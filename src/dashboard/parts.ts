import type { Request, RequestHandler } from 'express';
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Run, TimelineEntry } from '../runs/run.ts';
import type { GitHubLinks } from './links.ts';
import type { Sessions } from './sessions.ts';

/** An entry of a run's output, masked; with `part` its line continues in the next entry of the same stream. */
export type OutputEntry = { stream: string; text: string; part?: true };

/** The end of an attempt's output; not whole when there was more before it. */
type LogEnd = { entries: readonly OutputEntry[]; isWhole: boolean };

/** One run as its page shows it. */
export type RunPageData = {
  run: Run;
  /** Its state or outcome in a sentence. */
  headline: string;
  /** The event that started it; undefined when it is no longer stored. */
  event: { name: string; action: string | null } | undefined;
  timeline: readonly TimelineEntry[];
  log: LogEnd;
};

/** What the pages read and do. All may throw errors with codes. */
export type DashboardActions = {
  /** Newest first. */
  list(limit: number): Promise<readonly Run[]>;
  /** Throws `run_unknown`. */
  find(id: string): Promise<Run>;
  /** A run with the output of one of its attempts. */
  look(run: Run, attempt: number): Promise<RunPageData>;
  cancel(id: string, reason: string): Promise<unknown>;
  retry(id: string, reason: string): Promise<unknown>;
};

/** What the pages are built from. */
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
  /** The prefix of our paths, when the request's address has one; else empty. */
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
