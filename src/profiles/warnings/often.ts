import { actionsOf, type EventKind } from '../../events/payload-shapes.ts';
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

function mentions({ filter }: Trigger, word: string): boolean {
  return filter?.toLowerCase().includes(word.toLowerCase()) ?? false;
}

/** Whether an event during a run of the group is dropped, or replaces the run. */
function isGrouped({ concurrency }: Of): boolean {
  return concurrency !== undefined && concurrency.onBusy !== 'queue';
}

function anyAction(trigger: Trigger, event: string): Warning[] {
  const actions = actionsOf(event).filter(
    (action) => !['', '*'].includes(action) && !(action === 'edited' && WRITTEN.has(event)),
  );
  if (trigger.action !== undefined || mentions(trigger, 'action') || actions.length < 2) return [];
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
  if (trigger.action === undefined || isGrouped(of)) return [];
  const seen = new Set<string>();
  return kinds.flatMap(({ event, action }) => {
    const burst = Object.hasOwn(BURSTS, action) ? BURSTS[action] : undefined;
    if (!burst || seen.has(burst.things) || mentions(trigger, burst.word)) return [];
    if (burst.things === 'label' && trigger.labelName !== undefined) return [];
    seen.add(burst.things);
    const [label = 'agent'] = trigger.labels ?? [];
    const one =
      burst.things === 'label'
        ? `\`"labelName": ${JSON.stringify(label)}\``
        : `the filter \`${burst.example}\``;
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
  if (filter !== undefined && (mentions(trigger, `event.${event}`) || event === 'status')) return [];
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
  if (trigger.branch !== undefined || mentions(trigger, 'ref') || mentions(trigger, 'branch')) return [];
  return [
    matchesOften(
      '/trigger/event',
      'The trigger names no branch, so that a push to any branch starts it, and so does every tag and every branch that is deleted.',
      'Name the branches that are meant: "branch": "main"; or use a filter over `event.ref`.',
    ),
  ];
}
