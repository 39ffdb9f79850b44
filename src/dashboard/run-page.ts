import { formatDuration } from '../base/text.ts';
import type { Run, TimelineEntry, TokenUsage } from '../runs/run.ts';
import { queuedSince } from '../runs/states.ts';
import { harmless, shortened } from './harmless.ts';
import type { GitHubLinks } from './links.ts';
import { logLines } from './log-lines.ts';
import { type Moment, moment } from './moments.ts';
import type { RunSight } from './sight.ts';

const MAX_MESSAGE = 50_000;
const MAX_TIMELINE = 200;
const MAX_ENTRY = 2_000;
const MAX_ATTEMPTS = 50;

/** A row of what is known of a run; `link` leads to GitHub. */
type Fact = { name: string; text: string; link: string | null; time: Moment | null };

/** What views/run.hbs shows; every text of others is harmless, and escaped there. */
export function runPage(
  { run, headline, event, timeline, log }: RunSight,
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
    calledOff: isLiving(run) && run.cancelReason !== null ? harmless(run.cancelReason) : null,
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

/** Whether a run's page still changes by itself. */
export function isLiving(run: Run): boolean {
  return run.state !== 'ended';
}

/** A word for how a run is: its outcome, before that its state. */
export function runStatus({ state, outcome }: Run): string {
  return ((state === 'ended' ? outcome : state) ?? 'ended').replace('_', ' ');
}

function fact(name: string, text: string, more: { link?: string | undefined; time?: Moment } = {}): Fact {
  return { name, text: harmless(text), link: more.link ?? null, time: more.time ?? null };
}

/** Who and what started it. */
function originFacts(run: Run, event: RunSight['event'], links: GitHubLinks): Fact[] {
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

function tokens({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens }: TokenUsage): string {
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
