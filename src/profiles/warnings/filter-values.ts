import { ATTRIBUTES, type AttributeName, type Scalar } from '../../events/event.ts';
import { actionsOf, type EventKind } from '../../events/payload-shapes.ts';
import { show } from '../errors.ts';
import { filterParts } from '../match/filter-paths.ts';
import type { Trigger } from '../profile.ts';
import { valueNever, type Warning } from './errors.ts';
import { kindsOf, wantedBy } from './event-kinds.ts';
import { whatIsWrong } from './trigger-values.ts';

type Asks = NonNullable<ReturnType<typeof filterParts>[number]['asks']>;

/** Warns of filters that are always false: a part of them is, or asks for a value that no event of the trigger has. */
export function filterValueWarnings(trigger: Trigger): Warning[] {
  const kinds = kindsOf(trigger);
  return filterParts(trigger.filter ?? '').flatMap(({ asks, isFalse }) => {
    if (isFalse) return [never('is `false`', 'Remove it, or write what is meant.')];
    if (!asks || asks.values.length === 0) return [];
    const path = [asks.path.root, ...asks.path.keys].join('.');
    const reasons = asks.values.map((value) => reason(trigger, kinds, { ...asks, values: [value] }));
    const [first] = reasons;
    if (first === undefined || reasons.includes(undefined)) return [];
    const values = asks.values.map(show).join(', ');
    return [never(`asks \`${path}\` for ${values}, ${first.what}`, first.hint)];
  });
}

function never(what: string, hint: string): Warning {
  return valueNever('/trigger/filter', 'filter', what, hint);
}

/** Why no event of the trigger has the one value; undefined when one may. */
function reason(trigger: Trigger, kinds: readonly EventKind[], asks: Asks): ReturnType<typeof whatIsWrong> {
  const { root, keys } = asks.path;
  const [key = ''] = keys;
  if (keys.length !== 1) return undefined;
  const value = asks.values[0] as Scalar;
  if (root === 'event' && key === 'ref') return wrongRef(trigger, kinds, asks);
  if (asks.how !== '==' || (root === 'event' && key !== 'action')) return undefined;
  if (key === 'action') return wrongAction(trigger, kinds, value);
  if (!(ATTRIBUTES as readonly string[]).includes(key)) return undefined;
  return whatIsWrong(key, value) ?? otherThanTrigger(trigger, key as AttributeName, value);
}

/** An action that no event of the trigger has with the trigger's own actions. */
function wrongAction(
  trigger: Trigger,
  kinds: readonly EventKind[],
  value: Scalar,
): ReturnType<typeof reason> {
  if (wantedBy(trigger, 'event').some((event) => actionsOf(String(event.value)).length === 0))
    return undefined;
  const known = [...new Set(kinds.map(({ action }) => action))].filter((action) => action !== '');
  if (known.length === 0 || known.includes('*') || known.includes(String(value))) return undefined;
  return {
    what: `and the trigger leaves ${known.join(', ')}`,
    hint: 'Name one of these actions, or change `trigger.action`.',
  };
}

function otherThanTrigger(trigger: Trigger, name: AttributeName, value: Scalar): ReturnType<typeof reason> {
  const wanted = wantedBy(trigger, name);
  if (wanted.length === 0 || wanted.some((each) => each.value === value)) return undefined;
  return {
    what: `and \`trigger.${name}\` asks for another`,
    hint: `Keep one of the two: the filter, or \`trigger.${name}\`.`,
  };
}

/** The ref of a push to one of the branches that the trigger names. */
function wrongRef(trigger: Trigger, kinds: readonly EventKind[], asks: Asks): ReturnType<typeof reason> {
  const text = String(asks.values[0]);
  const refs = wantedBy(trigger, 'branch').map(({ value }) => `refs/heads/${value}`);
  if (refs.length === 0 || kinds.length === 0 || kinds.some(({ event }) => event !== 'push'))
    return undefined;
  if (refs.some((ref) => (asks.how === '==' ? ref === text : ref.startsWith(text)))) return undefined;
  return {
    what: `and \`trigger.branch\` leaves ${refs.map(show).join(', ')}`,
    hint: 'Remove `branch`, which no tag has, or the filter.',
  };
}
