import { formatDuration } from '../base/text.ts';
import type { FinishedRun, Outcome, Run, RunState, TimelineEntry } from '../runs/run.ts';
import { queuedSince } from '../runs/states.ts';
import { readMarkdown } from '../text/markdown.ts';
import { cut, prepareText, shorten } from './outgoing.ts';
import { publicProblem, publicText } from './public-texts.ts';
import type { TextValues } from './texts.ts';

/** How many of an agent's last activities are shown, and how much of each. */
const ACTIVITIES_SHOWN = 5;
const ACTIVITY_CHARACTERS = 200;

/** An agent's final message is cut here, to leave room for the rest of the comment. */
const MESSAGE_CHARACTERS = 50_000;

const HEADLINES: Readonly<Record<Outcome | RunState, string>> = {
  queued: 'The run waits for its turn.',
  preparing: 'The run is being prepared.',
  running: 'The agent is working.',
  reporting: 'The agent is done.',
  ended: 'The run ended.',
  succeeded: 'The run succeeded.',
  failed: 'The run failed.',
  timed_out: 'The run reached its time limit and was stopped.',
  stalled: 'The run went silent and was stopped.',
  cancelled: 'The run was cancelled.',
  refused: 'The run was refused before it started.',
  lost: 'The run was lost.',
};

/** Kinds of timeline lines about the result of an agent's turn and work, for the text about the run's end. */
const RESULTS = new Set([
  'agent_note',
  'output_lost',
  'agent.usage',
  'published',
  'publish_note',
  'publish_nothing',
  'publish_refused',
  'publish_stuck',
  'publish_withheld',
  'nothing_changed',
  'changes_not_kept',
  'left_behind',
  'left_unknown',
]);

/** Those of them that are reported even if the run succeeded. */
const TROUBLE = new Set([
  'publish_note',
  'publish_nothing',
  'publish_refused',
  'publish_stuck',
  'changes_not_kept',
  'left_behind',
  'left_unknown',
]);

/** Whether there is something to report of a run that was to be published, besides that it succeeded. */
export function hasTrouble(run: Pick<Run, 'attempt'>, timeline: readonly TimelineEntry[]): boolean {
  return resultsOf(run, timeline).some(({ kind }) => TROUBLE.has(kind));
}

/** Kinds of an agent's lines that are not about its work. */
const NOT_SHOWN = new Set(['agent.session', 'agent.usage', 'agent.end']);

/** Whether a timeline line is about what the agent does, for people who watch. */
function isActivity({ kind }: TimelineEntry): boolean {
  return kind.startsWith('agent.') && !NOT_SHOWN.has(kind);
}

/** Whether nothing new will be reported of a run, unless it is retried. */
export function isOver(run: Run): run is FinishedRun {
  return run.state === 'ended' || run.state === 'reporting';
}

/** A run's headline: where it is, or how it came out. */
export function headline(run: Run): string {
  return HEADLINES[isOver(run) ? run.outcome : run.state];
}

/** The values of the text about a run that goes on. */
export function runningValues(
  run: Run,
  shown: { timeline: readonly TimelineEntry[]; nowMs: number; link: string; mask: (text: string) => string },
): TextValues<'running'> {
  const activities = shown.timeline.filter(isActivity).slice(-ACTIVITIES_SHOWN);
  return {
    ...common(run, shown.link),
    STATE: run.state,
    ELAPSED: roughly(shown.nowMs - (run.startedAt ?? queuedSince(run, shown.timeline))),
    DOING: activities.map(({ text }) => `- ${oneLine(prepareText(text, shown.mask))}`).join('\n'),
  };
}

/** The values of the text about a run that is over. */
export function endedValues(
  run: FinishedRun,
  shown: { timeline: readonly TimelineEntry[]; nowMs: number; link: string; mask: (text: string) => string },
): TextValues<'ended'> {
  const message = prepareText(run.finalMessage ?? '', shown.mask);
  const results = resultsOf(run, shown.timeline);
  const reason = run.reason && publicProblem(run.reason, run.id);
  return {
    ...common(run, shown.link),
    OUTCOME: run.outcome,
    ELAPSED: `after ${formatDuration(
      (knownAt(run, shown.timeline) ?? shown.nowMs) - (run.startedAt ?? queuedSince(run, shown.timeline)),
    )}`,
    REASON: reason?.message ?? '',
    HINT: reason?.hint ?? '',
    CODE: reason?.code ?? '',
    RESULT: results.map((entry) => publicResult(entry)).join('\n\n'),
    MESSAGE: message.trim() === '' ? '' : quoted(message),
    TOKENS: run.usage ? tokens(run.usage) : '',
  };
}

/** When the run's outcome was known; it never changes, so that the text stays the same while it is reported. */
function knownAt({ endedAt }: Run, timeline: readonly TimelineEntry[]): number | null {
  const move = timeline.findLast(({ kind, data }) => kind === 'state' && data.state !== 'ended');
  return move?.data.state === 'reporting' ? move.at : endedAt;
}

/** A quotation that leaves room for the rest of the comment, however many lines it has. */
function quoted(message: string): string {
  for (let size = MESSAGE_CHARACTERS; ; size = Math.floor(size * 0.8)) {
    const text = quote(shorten(message, size));
    if (text.length <= MESSAGE_CHARACTERS * 1.2 || size < 100) return text;
  }
}

/** The result lines of the current attempt; `publish_stuck` counts until the publication is made or refused. */
function resultsOf({ attempt }: Pick<Run, 'attempt'>, timeline: readonly TimelineEntry[]): TimelineEntry[] {
  const isOfAttempt = ({ data }: TimelineEntry): boolean =>
    data.attempt === undefined || data.attempt === attempt;
  const results = timeline.filter(
    (entry) => RESULTS.has(entry.kind) && isOfAttempt(entry) && entry.data.shown !== false,
  );
  const isSettled = results.some(({ kind }) => kind === 'published' || kind === 'publish_refused');
  return results.filter(({ kind }) => kind !== 'publish_stuck' || !isSettled);
}

/** The public text of a line: the one it was stored with, else that of its code, else its own if nothing internal is in it. File names that the agent left are shown as they are. */
function publicResult({ kind, text, data }: TimelineEntry): string {
  if (kind === 'published' || kind === 'left_behind') return text;
  if (typeof data.public === 'string') return data.public;
  if (typeof data.code !== 'string') return publicText(text);
  const { message, hint } = publicProblem({ code: data.code, message: text, hint: '' });
  return message === text ? text : `${message} ${hint}`;
}

function common(run: Run, link: string) {
  const { id, profile, repository } = run;
  return { HEADLINE: headline(run), RUN: id, PROFILE: profile, REPOSITORY: repository, LINK: link };
}

function oneLine(text: string): string {
  return cut(text.replaceAll(/\s+/g, ' ').trim(), ACTIVITY_CHARACTERS, () => '…');
}

/** So coarse that a comment need not be changed for it all the time. */
function roughly(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'for less than a minute';
  const step = minutes < 10 ? 1 : minutes < 60 ? 5 : 15;
  const rounded = minutes - (minutes % step);
  return `for ${formatDuration(rounded * 60_000)}`;
}

function tokens({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningTokens,
}: NonNullable<FinishedRun['usage']>): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const read = `${count(inputTokens)} in (${count(cachedInputTokens)} of them cached)`;
  return `Tokens: ${read}, ${count(outputTokens)} out (${count(reasoningTokens)} of them reasoning).`;
}

/** Text as a quotation in Markdown; code that is indented with a tab stays code there. */
function quote(text: string): string {
  const { code } = readMarkdown(text);
  let at = 0;
  const quoted = text.split('\n').map((line) => {
    const isCode =
      /^ {0,3}\t/.test(line) && code.some(({ from, to }) => isIndented(text, from) && at >= from && at < to);
    at += line.length + 1;
    return line === '' ? '>' : `> ${isCode ? line.replace(/^ {0,3}\t/, '    ') : line}`;
  });
  return quoted.join('\n');
}

function isIndented(text: string, from: number): boolean {
  return !/^(?:`{3}|~{3})/.test(text.slice(from, from + 3));
}
