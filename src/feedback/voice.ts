import type { GitHubClient } from '../github/client.ts';
import type { Report, ReportTarget } from '../runs/outbox/report.ts';
import type { Run, TimelineEntry } from '../runs/run.ts';
import type { Marks } from './marks.ts';
import type { TextName, TextValues } from './texts.ts';

/** Who speaks on GitHub: the run's own credential, and the login that it is known to speak as. */
export type Voice = {
  client: GitHubClient;
  /** Undefined when GitHub does not tell: for Apps, and while it is away. */
  login: string | undefined;
};

/** What saying something takes: the report as its row is, and how texts are made. */
export type Saying = {
  report: Report;
  voice: Voice;
  /** The rendered text of a run or refusal, by the profile's own template if it has one. */
  render<Name extends TextName>(name: Name, values: TextValues<Name>): string;
  mask(text: string): string;
  marks: Marks;
  nowMs: number;
};

/** A saying about a run. */
export type RunSaying = Saying & { run: Run; timeline: readonly TimelineEntry[]; link: string };

/** What came of it: GitHub's id, a digest of what it has, and when to look again (milliseconds since 1970; null never). */
export type Said = {
  remoteId: number | null;
  digest: string;
  nextAt: number | null;
  /** Where it is said from now on, when GitHub led elsewhere. */
  target?: ReportTarget | undefined;
};
