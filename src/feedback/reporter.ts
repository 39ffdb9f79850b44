import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError, type FlowError } from '../base/errors.ts';
import { limitPassesInMs } from '../github/fault.ts';
import type { Logger } from '../log/logger.ts';
import type { Report } from '../runs/report.ts';
import type { ReportStore } from '../runs/report-store.ts';
import type { RunStore } from '../runs/run-store.ts';
import { sayCheck, sayReaction, sayRefusal, sayStatus } from './say.ts';
import type { TextName, TextValues } from './texts.ts';
import type { Said, Voice } from './voice.ts';

/** A report is tried this often before it is given up: with the waits below, for about a day. */
const MAX_ATTEMPTS = 12;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 3 * 3_600_000;
const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 20;

/** Longer than everything that one report asks of GitHub may take. */
const LEASE_MS = 150_000;

/** Says on GitHub what the rows of the report store ask for; a report that fails is tried again and never changes its run. */
export type Reporter = {
  /** Says what there is to say of one run now; resolves when each was tried once. */
  report(runId: string): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  /** Tries whatever is due; resolves when each was tried once, and never rejects. */
  sayDue(): Promise<void>;
  /** The same without waiting for it. */
  wake(): void;
  stop(): Promise<void>;
};

/** What the reporter takes from the rest of the service. */
export type ReporterParts = {
  reports: ReportStore;
  runs: RunStore;
  /** The voice of a profile, which is given as it was saved. */
  voiceFor: (profileJson: string, repository: string) => Promise<Voice>;
  /** A text by the template that the profile has for it. */
  render: <Name extends TextName>(profileJson: string, name: Name, values: TextValues<Name>) => string;
  /** Hides secrets in what is said. */
  mask: (text: string) => string;
  /** The page of a run, or nothing. */
  linkTo: (runId: string) => string;
  clock: Clock;
  log: Logger;
};

/** A reporter over its parts; any number may work on the same rows. */
export function createReporter(parts: ReporterParts): Reporter {
  let timer: Timer | undefined;
  let stopped = false;
  let looking: Promise<void> | undefined;
  const busy = new Map<string, { runId: string | null; done: Promise<void> }>();
  const attempt = async (report: Report): Promise<void> => {
    if (busy.has(report.id)) return;
    const done = tryReport(parts, report.id).finally(() => busy.delete(report.id));
    busy.set(report.id, { runId: report.runId, done });
    await done;
  };
  const tryDue = async (): Promise<void> => {
    await parts.reports.reopen();
    await Promise.all((await parts.reports.due(AT_ONCE)).map(attempt));
  };
  const sayDue = async (): Promise<void> => {
    looking ??= tryDue()
      .catch((error: unknown) => parts.log.error({ err: error }, 'reports could not be read'))
      .finally(() => {
        looking = undefined;
      });
    await looking;
  };
  return {
    async report(runId) {
      await Promise.all([...busy.values()].map((each) => each.runId === runId && each.done));
      await Promise.all((await parts.reports.due(10, runId)).map(attempt));
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, sayDue);
    },
    sayDue,
    wake() {
      if (!stopped) void sayDue();
    },
    async stop() {
      stopped = true;
      timer?.stop();
      await looking;
    },
  };
}

/** Never rejects for GitHub's faults; only the database's get out. */
async function tryReport(parts: ReporterParts, id: string): Promise<void> {
  const report = await parts.reports.take(id, LEASE_MS);
  if (!report) return;
  try {
    const said = await say(parts, report);
    await parts.reports.said(id, said);
  } catch (error) {
    await fail(parts, report, asFlowError(error));
  }
}

async function say(parts: ReporterParts, report: Report): Promise<Said> {
  const { clock, mask, runs } = parts;
  const run = report.runId === null ? undefined : await runs.find(report.runId);
  const profileJson = report.profileJson ?? (run && (await runs.profileJson(run.id)));
  if (profileJson === undefined) return { remoteId: null, digest: '', nextAt: null };
  const { owner, repository } = report.target;
  const voice = await parts.voiceFor(profileJson, `${owner}/${repository}`);
  const render = <Name extends TextName>(name: Name, values: TextValues<Name>): string =>
    parts.render(profileJson, name, values);
  const saying = { report, voice, render, mask, nowMs: clock.now() };
  if (report.kind === 'reaction') return await sayReaction(saying);
  if (report.kind === 'refusal') return await sayRefusal(saying);
  if (!run) return { remoteId: null, digest: '', nextAt: null };
  const timeline = await runs.timeline(run.id);
  const about = { ...saying, run, timeline, link: parts.linkTo(run.id) };
  return report.kind === 'check' ? await sayCheck(about) : await sayStatus(about);
}

const NAMES = { reaction: 'reaction', status: 'comment', refusal: 'comment', check: 'check' } as const;

async function fail(parts: ReporterParts, report: Report, fault: FlowError): Promise<void> {
  const { attempts, kind, runId } = report;
  const now = parts.clock.now();
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1));
  const wait = Math.max(backoff, limitPassesInMs(fault, now) ?? 0);
  const final = attempts >= MAX_ATTEMPTS || isHopeless(report, fault);
  await parts.reports.failed(report.id, `${fault.code}: ${fault.message}`, final ? null : now + wait);
  parts.log.warn({ err: fault, run: runId, kind, attempts, final }, 'GitHub did not take a report');
  if (runId === null) return;
  await parts.runs.note(runId, {
    kind: 'report',
    text: `GitHub did not take the ${NAMES[kind]}: ${fault.message}`,
    data: { code: fault.code, attempts, final },
  });
}

/** What no later attempt would mend: no credential, a name that GitHub cannot have, a check by what is no App. */
function isHopeless({ kind }: Report, { code }: FlowError): boolean {
  if (code === 'github_credential_missing' || code === 'github_name_refused') return true;
  return kind === 'check' && code === 'github_refused';
}
