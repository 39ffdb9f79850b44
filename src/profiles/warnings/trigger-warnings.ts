import { distance } from 'fastest-levenshtein';
import { nearest } from '../../base/words.ts';
import { ATTRIBUTES } from '../../events/event.ts';
import { actionsOf, type EventKind, has, nearestEvent } from '../../events/payload-shapes.ts';
import { type ConditionKind, mayHave } from '../../events/possible.ts';
import { show } from '../errors.ts';
import type { Trigger } from '../profile.ts';
import { actionUnknown, attributeNever, eventUnknown, valueNever, type Warning } from './errors.ts';
import { type ConditionValue, eventKindName, hasAction, kindsOf, wantedBy } from './event-kinds.ts';

/** Events about accounts, though their types allow a repository: https://docs.github.com/webhooks/webhook-events-and-payloads */
const OF_ACCOUNTS = new Set([
  'custom_property',
  'enterprise',
  'github_app_authorization',
  'installation',
  'installation_repositories',
  'installation_target',
  'marketplace_purchase',
  'membership',
  'org_block',
  'organization',
  'personal_access_token_request',
  'projects_v2',
  'projects_v2_item',
  'projects_v2_status_update',
  'security_advisory',
  'sponsorship',
  'user',
]);

/** Warns of events that GitHub does not send, or that can start nothing. */
export function eventWarnings(trigger: Trigger): Warning[] {
  return wantedBy(trigger, 'event').flatMap(({ value, path }) => {
    const known = actionsOf(String(value));
    if (typeof value !== 'string' || known.length === 0) return [unknownEvent(String(value), path)];
    if (value === 'ping')
      return [
        eventUnknown(
          path,
          'is "ping", which starts nothing',
          'Name another event; a ping only tries the webhook.',
        ),
      ];
    if (!OF_ACCOUNTS.has(value) && known.some((action) => has({ event: value, action }, 'repository')))
      return [];
    return [
      eventUnknown(
        path,
        `is ${show(value)}, which is about no repository and starts nothing`,
        'Name an event of a repository; docs/profiles.md lists those that most profiles wait for.',
      ),
    ];
  });
}

/** `issues.labeled` and `issue_comment/created` are how other programs write an event with its action. */
function unknownEvent(value: string, path: string): Warning {
  const [event = '', action] = value
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
    .split(/[.:/]/, 2);
  const near = nearestEvent(event);
  const hint =
    action !== undefined && hasAction(near, action)
      ? `Write "event": ${show(near)}, "action": ${show(action)}.`
      : `Write ${show(near)}, if that is meant; docs/profiles.md lists the events that most profiles wait for.`;
  return eventUnknown(path, `is ${show(value)}, an event that GitHub does not send`, hint);
}

/** Warns of actions that none of the trigger's events has, and of events that have none of its actions. */
export function actionWarnings(trigger: Trigger): Warning[] {
  const events = wantedBy(trigger, 'event')
    .map(({ value }) => String(value))
    .filter((event) => actionsOf(event).length > 0);
  const actions = wantedBy(trigger, 'action');
  if (events.length === 0 || actions.length === 0) return [];
  const lone = actions.filter(({ value }) => !events.some((event) => hasAction(event, value)));
  const left = actions.filter((action) => !lone.includes(action));
  const without =
    left.length === 0 ? [] : events.filter((event) => !left.some(({ value }) => hasAction(event, value)));
  return [
    ...lone.map((action) => unknownAction(action, events)),
    ...without.map((event) =>
      actionUnknown(
        '/trigger/action',
        `names no action of the event \`${event}\`, which therefore starts nothing`,
        actionsOf(event).every((action) => action === '')
          ? `\`${event}\` has no actions: give it a profile of its own, without \`action\`.`
          : `Add one of its actions (${actionsOf(event).join(', ')}), or remove the event.`,
      ),
    ),
  ];
}

function unknownAction({ value, path }: ConditionValue, events: readonly string[]): Warning {
  const known = [...new Set(events.flatMap(actionsOf))].filter((action) => action !== '');
  const names = events.map((event) => `\`${event}\``).join(', ');
  if (known.length === 0)
    return actionUnknown(path, `is ${show(value)}, and ${names} has no actions`, 'Remove `action`.');
  const near = nearestAction(String(value), known);
  return actionUnknown(
    path,
    `is ${show(value)}, which ${names} does not have`,
    `Write ${show(near)}, if that is meant; there are ${known.join(', ')}.`,
  );
}

/** Common names of actions that have another name at GitHub. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  synchronized: 'synchronize',
  sync: 'synchronize',
  updated: 'synchronize',
  labelled: 'labeled',
  merged: 'closed',
  created: 'opened',
  opened: 'created',
  approved: 'submitted',
  failed: 'completed',
  failure: 'completed',
  success: 'completed',
  removed: 'deleted',
  changed: 'edited',
  draft: 'converted_to_draft',
};

function nearestAction(action: string, known: readonly string[]): string {
  const name = action.toLowerCase().replaceAll(/[\s-]+/g, '_');
  const other = OTHER_WORDS[name];
  const near = nearest(name, known);
  return other !== undefined && known.includes(other) && distance(name, near) > 1 ? other : near;
}

/** Warns of conditions on what the events of the trigger never have: all of them, one of its events, or one of its actions. */
export function attributeWarnings(trigger: Trigger): Warning[] {
  const kinds = kindsOf(trigger);
  const conditions: ConditionKind[] = ATTRIBUTES.filter(
    (name) => trigger[name] !== undefined && !['event', 'action'].includes(name),
  );
  if (trigger.labels && trigger.labels.length > 0) conditions.push('labels');
  return [...conditions.flatMap((name) => missing(name, kinds, trigger)), ...contradictions(trigger, kinds)];
}

function missing(name: ConditionKind, kinds: readonly EventKind[], trigger: Trigger): Warning[] {
  const without = kinds.filter((kind) => !mayHave(kind, name));
  if (without.length === 0) return [];
  const path = `/trigger/${name}`;
  const hint = `Remove \`${name}\`, or name events that have it; docs/profiles.md says which have what.`;
  if (without.length === kinds.length) return [attributeNever(path, name, 'of this trigger', hint)];
  const events = [...new Set(without.map(({ event }) => event))].filter((event) =>
    kinds.every((kind) => kind.event !== event || without.includes(kind)),
  );
  const named = trigger.action === undefined ? [] : without.filter(({ event }) => !events.includes(event));
  return [
    ...events.map((event) => attributeNever(path, name, `\`${event}\``, hint)),
    ...named.map((kind) => attributeNever(path, name, eventKindName(kind), hint)),
  ];
}

/** Events about pull requests alone. */
const OF_PULL_REQUESTS = /^pull_request(?:_|$)/;

/** GitHub's types allow pull requests in `issues`; it only ever sent their milestones so. */
function isOfIssues({ event, action }: EventKind): boolean {
  return event === 'issues' && !['milestoned', 'demilestoned'].includes(action);
}

/** Conditions that are possible, but not with these events. */
function contradictions(trigger: Trigger, kinds: readonly EventKind[]): Warning[] {
  const isPullRequest = wantedBy(trigger, 'isPullRequest').map(({ value }) => value);
  const [flag] = isPullRequest;
  if (kinds.length === 0 || isPullRequest.length !== 1 || typeof flag !== 'boolean') return [];
  const may = kinds.some((kind) =>
    flag
      ? !isOfIssues(kind) && (has(kind, 'pull_request') || has(kind, 'issue.pull_request'))
      : !OF_PULL_REQUESTS.test(kind.event),
  );
  if (may) return [];
  const what = `is ${flag}, and the events of this trigger are ${flag ? 'never' : 'always'} about pull requests`;
  return [valueNever('/trigger/isPullRequest', 'isPullRequest', what, `Remove it, or write ${!flag}.`)];
}
