import { actionsOf, type EventKind } from '../../events/payload-shapes.ts';
import { filterParts, filterPaths } from '../match/filter-paths.ts';
import { WRITTEN } from '../match/match.ts';
import type { ConcurrencyRule, Trigger } from '../profile.ts';
import { matchesOften, type Warning } from './errors.ts';
import { kindsOf } from './event-kinds.ts';

/** Actions that GitHub sends once for each thing that one click adds or removes, with a filter for one of them as an example. */
const BURSTS: Readonly<Record<string, { things: string; word: string; example: string }>> = {
  labeled: { things: 'label', word: 'label', example: '' },
  unlabeled: { things: 'label', word: 'label', example: '' },
  assigned: { things: 'assignee', word: 'assignee', example: 'event.assignee.login == "alice"' },
  unassigned: { things: 'assignee', word: 'assignee', example: 'event.assignee.login == "alice"' },
  review_requested: {
    things: 'reviewer',
    word: 'requested_',
    example: 'event.requested_reviewer.login == "alice"',
  },
  review_request_removed: {
    things: 'reviewer',
    word: 'requested_',
    example: 'event.requested_reviewer.login == "alice"',
  },
};

/** Events of automation, many for each commit, with a filter that selects some of them as an example. */
const AUTOMATED: Readonly<Record<string, { each: string; example: string; byBranch: boolean }>> = {
  check_run: { each: 'check of every commit', example: 'event.check_run.name == "build"', byBranch: false },
  check_suite: {
    each: 'app that checks any commit',
    example: 'event.check_suite.conclusion == "failure"',
    byBranch: true,
  },
  workflow_job: {
    each: 'job of every workflow',
    example: 'event.workflow_job.name == "build"',
    byBranch: false,
  },
  workflow_run: { each: 'run of every workflow', example: 'event.workflow_run.name == "CI"', byBranch: true },
  status: {
    each: 'status of every commit',
    example: 'event.context == "ci/build" && event.state == "failure"',
    byBranch: false,
  },
  deployment_status: {
    each: 'step of every deployment',
    example: 'event.deployment_status.state == "failure"',
    byBranch: false,
  },
};

/** The part of a profile that the warnings read. */
type Of = { trigger: Trigger; concurrency?: ConcurrencyRule | undefined };

/** Warns of triggers that start several runs where people mean one. */
export function oftenWarnings(of: Of): Warning[] {
  const kinds = kindsOf(of.trigger);
  const events = [...new Set(kinds.map(({ event }) => event))];
  return [
    ...events.flatMap((event) => anyAction(of.trigger, event)),
    ...bursts(of, kinds),
    ...events.flatMap((event) => automatedEvents(of.trigger, event)),
    ...events.flatMap((event) => perComment(of, event)),
    ...(events.includes('push') ? everyPush(of.trigger) : []),
  ];
}

/** Whether the filter reads a path with such a key. */
function reads({ filter = '' }: Trigger, key: RegExp): boolean {
  return filterPaths(filter).some(({ keys }) => keys.some((each) => key.test(each)));
}

/** Whether the filter looks at the one thing of a burst, or at how many there are; not at what all events of a burst have. */
function selects({ filter = '' }: Trigger, word: string): boolean {
  return filterParts(filter).some(
    ({ paths, isPresence }) =>
      !isPresence &&
      paths.some(({ keys }) => {
        const isWhole = paths.every((other) => other.keys.length <= keys.length);
        return keys[0]?.startsWith(word) || (isWhole && keys.at(-1)?.startsWith(word));
      }),
  );
}

/** Whether an event during a run of the group is dropped, or replaces the run. */
function isGrouped({ concurrency }: Of): boolean {
  return concurrency !== undefined && concurrency.onBusy !== 'queue';
}

/** The kinds that the filter leaves of those that the trigger names; none when neither names an action. */
function namedKinds({ action, filter = '' }: Trigger, kinds: readonly EventKind[]): readonly EventKind[] {
  const named = filterParts(filter).flatMap(({ asks }) =>
    asks?.how === '==' && asks.path.keys.join('.') === 'action' ? [asks.values] : [],
  );
  if (action === undefined && named.length === 0) return [];
  return kinds.filter((kind) => named.every((values) => values.includes(kind.action)));
}

function anyAction(trigger: Trigger, event: string): Warning[] {
  const actions = actionsOf(event).filter(
    (action) => !['', '*'].includes(action) && !(action === 'edited' && WRITTEN.has(event)),
  );
  if (trigger.action !== undefined || reads(trigger, /^action$/) || actions.length < 2) return [];
  const usual = ['created', 'opened', 'submitted', 'completed', 'published'].find((name) =>
    actions.includes(name),
  );
  const example = usual ?? actions[0] ?? '';
  const twice =
    actions.includes('deleted') && usual === 'created' ? ' What is deleted starts it once more.' : '';
  return [
    matchesOften(
      '/trigger/event',
      `The trigger names no action, so that each of \`${event}\` starts it: ${actions.join(', ')}.${twice}`,
      `Name those that are meant: "action": "${example}".`,
    ),
  ];
}

function bursts(of: Of, kinds: readonly EventKind[]): Warning[] {
  const { trigger } = of;
  const seen = new Set<string>();
  return namedKinds(trigger, kinds).flatMap(({ event, action }) => {
    const burst = Object.hasOwn(BURSTS, action) ? BURSTS[action] : undefined;
    if (!burst || seen.has(burst.things) || selects(trigger, burst.word)) return [];
    const isLabel = burst.things === 'label';
    const isApart = isLabel && /\{\{\s*labelName\s*\}\}/.test(of.concurrency?.group ?? '');
    if ((isLabel && trigger.labelName !== undefined) || (isGrouped(of) && !isApart)) return [];
    seen.add(burst.things);
    const label = trigger.labels?.[0]?.trim() || 'agent';
    const one = isLabel ? `\`"labelName": ${JSON.stringify(label)}\`` : `the filter \`${burst.example}\``;
    return [
      matchesOften(
        '/trigger/action',
        `GitHub sends one \`${event}\` event \`${action}\` for each ${burst.things}: one click with six of them starts six runs.`,
        `Say which ${burst.things} is meant with ${one}; or give the profile a \`concurrency.group\` whose \`onBusy\` is "drop" or "replace".`,
      ),
    ];
  });
}

function automatedEvents(trigger: Trigger, event: string): Warning[] {
  const automated = Object.hasOwn(AUTOMATED, event) ? AUTOMATED[event] : undefined;
  const { filter, branch } = trigger;
  if (!automated || (automated.byBranch && branch !== undefined)) return [];
  if (filter !== undefined && (reads(trigger, new RegExp(`^${event}$`)) || event === 'status')) return [];
  return [
    matchesOften(
      '/trigger/event',
      `The trigger starts a run for each ${automated.each}, whatever its name and however it came out.`,
      `Say which is meant with a filter, such as \`${automated.example}\`${automated.byBranch ? ', or with `branch`' : ''}.`,
    ),
  ];
}

/** A review with ten comments is ten events. */
function perComment(of: Of, event: string): Warning[] {
  const { trigger } = of;
  if (event !== 'pull_request_review_comment' || isGrouped(of)) return [];
  if (trigger.command !== undefined || trigger.filter !== undefined) return [];
  return [
    matchesOften(
      '/trigger/event',
      'GitHub sends one `pull_request_review_comment` event for each comment of a review: one click with six of them starts six runs.',
      'Name a `command`; or wait for `pull_request_review` with the action "submitted", which comes once a review.',
    ),
  ];
}

function everyPush(trigger: Trigger): Warning[] {
  if (trigger.branch !== undefined || reads(trigger, /ref|branch/)) return [];
  return [
    matchesOften(
      '/trigger/event',
      'The trigger names no branch, so that a push to any branch starts it, and so does every tag and every branch that is deleted.',
      'Name the branches that are meant: "branch": "main"; or use a filter over `event.ref`.',
    ),
  ];
}
