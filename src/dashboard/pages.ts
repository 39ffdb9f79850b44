import { isoTime } from '../base/clock.ts';
import { formatDuration } from '../base/text.ts';
import type { Run, TimelineEntry } from '../runs/run.ts';
import { queuedSince } from '../runs/states.ts';
import { harmless, shortened } from './harmless.ts';
import type { GitHubLinks } from './links.ts';
import type { OutputEntry, RunPageData } from './parts.ts';

const MAX_MESSAGE = 50_000;
const MAX_TIMELINE = 200;
const MAX_ENTRY = 2_000;
const MAX_ATTEMPTS = 50;

/** How many lines of an output its page shows. */
const MAX_LINES = 400;

/** A row about a run; `link` leads to GitHub. */
type Fact = { name: string; text: string; link: string | null; time: Moment | null };

/** The values of views/run.hbs; texts of others are made harmless here and escaped there. */
export function runPage(
  { run, headline, event, timeline, log }: RunPageData,
  shown: { attempt: number; isStill: boolean; now: number; links: GitHubLinks },
): object {
  const { links, now, attempt, isStill } = shown;
  return {
    id: run.id,
    headline,
    status: runStatus(run),
    reason: run.reason && {
      message: harmless(run.reason.message),
      hint: harmless(run.reason.hint),
      code: run.reason.code,
    },
    cancelReason: isLiving(run) && run.cancelReason !== null ? harmless(run.cancelReason) : null,
    facts: [...originFacts(run, event, links), ...courseFacts(run, queuedSince(run, timeline), now)],
    message: run.finalMessage && shortened(harmless(run.finalMessage), MAX_MESSAGE),
    attempts: attemptLinks(run, attempt),
    attempt,
    isEarlier: attempt < run.attempt,
    log: logLines(log.entries),
    isLogWhole: log.isWhole,
    ...timelineValues(timeline),
    canCancel: ['queued', 'preparing', 'running'].includes(run.state) && run.cancelReason === null,
    canRetry: run.state === 'ended',
    isLiving: isLiving(run),
    isStill,
  };
}

/** What views/runs.hbs shows. */
export function runsPage(runs: readonly Run[], now: number): object {
  return {
    runs: runs.map((run) => ({
      id: run.id,
      status: runStatus(run),
      place: harmless(`${run.repository}${run.issueNumber === null ? '' : `#${run.issueNumber}`}`),
      profile: harmless(run.profile),
      actor: run.actor && harmless(run.actor),
      code: run.reason?.code ?? null,
      time: moment(run.queuedAt, now),
    })),
  };
}

/** Whether a run's page still changes. */
export function isLiving(run: Run): boolean {
  return run.state !== 'ended';
}

/** A run's outcome, or its state before the end. */
function runStatus({ state, outcome }: Run): string {
  return ((state === 'ended' ? outcome : state) ?? 'ended').replace('_', ' ');
}

function fact(name: string, text: string, more: { link?: string | undefined; time?: Moment } = {}): Fact {
  return { name, text: harmless(text), link: more.link ?? null, time: more.time ?? null };
}

/** Who and what started it. */
function originFacts(run: Run, event: RunPageData['event'], links: GitHubLinks): Fact[] {
  const thread = run.issueNumber === null ? '' : `#${run.issueNumber}`;
  const link = links.thread(run, event?.name) ?? links.repository(run.repository);
  return [
    fact(thread === '' ? 'Repository' : 'Thread', `${run.repository}${thread}`, { link }),
    ...(run.actor === null ? [] : [fact('Started by', run.actor, { link: links.account(run.actor) })]),
    ...(event ? [fact('Event', [event.name, event.action].filter(Boolean).join(', '))] : []),
    fact('Delivery', run.deliveryId),
    fact('Profile', run.profile),
  ];
}

/** How it went, and when. */
function courseFacts(run: Run, waitsSince: number, now: number): Fact[] {
  const at = (name: string, ms: number | null, text: string): Fact[] => {
    const time = moment(ms, now);
    return time ? [fact(name, text, { time })] : [];
  };
  const began = run.startedAt ?? waitsSince;
  return [
    fact('Attempts', run.attempt === 0 ? 'none yet' : String(run.attempt)),
    ...at('Queued', run.queuedAt, ''),
    ...(waitsSince > run.queuedAt ? at('Queued again', waitsSince, '') : []),
    ...at('Started', run.startedAt, `after waiting ${formatDuration((run.startedAt ?? 0) - waitsSince)}`),
    ...at('Ended', run.endedAt, `after ${formatDuration((run.endedAt ?? 0) - began)}`),
    ...(run.exitCode === null ? [] : [fact('Exit code', String(run.exitCode))]),
    ...(run.usage ? [fact('Tokens', tokens(run.usage))] : []),
  ];
}

function tokens({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningTokens,
}: NonNullable<Run['usage']>): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const read = `${count(inputTokens)} in (${count(cachedInputTokens)} cached)`;
  return `${read}, ${count(outputTokens)} out (${count(reasoningTokens)} reasoning)`;
}

/** The newest attempts, when there is more than one. */
function attemptLinks({ attempt: last }: Run, shown: number): { number: number; isShown: boolean }[] {
  if (last < 2) return [];
  const count = Math.min(last, MAX_ATTEMPTS);
  return Array.from({ length: count }, (_, index) => last - count + 1 + index).map((number) => ({
    number,
    isShown: number === shown,
  }));
}

function timelineValues(timeline: readonly TimelineEntry[]): object {
  const entries = timeline.slice(-MAX_TIMELINE).map(({ at, text, kind }) => ({
    time: moment(at, at),
    text: shortened(harmless(text), MAX_ENTRY),
    kind: harmless(kind),
  }));
  return { timeline: entries, timelineMissing: timeline.length - entries.length };
}

/** The last lines of an output. Parts of a line are joined, separately for each stream. */
function logLines(entries: readonly OutputEntry[]): { stream: string; text: string }[] {
  const lines: { stream: string; text: string }[] = [];
  const unfinished = new Map<string, { stream: string; text: string }>();
  for (const { stream, text, part } of entries) {
    const line = unfinished.get(stream) ?? { stream, text: '' };
    if (!unfinished.delete(stream)) lines.push(line);
    line.text += text;
    if (part) unfinished.set(stream, line);
  }
  return lines
    .slice(-MAX_LINES)
    .map(({ stream, text }) => ({ stream: streamOf(stream), text: harmless(text) }));
}

/** The name is a class of the page. */
function streamOf(stream: string): string {
  return ['stdout', 'stderr', 'service'].includes(stream) ? stream : 'stdout';
}

/** A time on a page: `iso` for programs, `exact` and `words` for people. */
type Moment = { iso: string; exact: string; words: string };

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

const AGO = new Intl.RelativeTimeFormat('en');

/** A time in milliseconds since 1970, relative to `now`; null stays null. */
function moment(ms: number | null, now: number): Moment | null {
  const iso = isoTime(ms);
  if (iso === null || ms === null) return null;
  return { iso, exact: `${iso.slice(0, 19).replace('T', ' ')} UTC`, words: ago(now - ms) };
}

function ago(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? [];
  if (unit === undefined || length === undefined) return 'just now';
  return AGO.format(-Math.floor(ms / length), unit);
}
