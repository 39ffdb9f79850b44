import { jsonPointer } from '../../base/json.ts';
import type { Scalar } from '../../events/event.ts';
import { actionsOf, type EventKind } from '../../events/payload-shapes.ts';
import type { ConditionKind } from '../../events/possible.ts';
import type { Trigger } from '../profile.ts';

/** One value of a condition, with its place in the profile. */
export type ConditionValue = { value: Scalar; path: string };

/** The values of a condition, none when there is no such condition. */
export function wantedBy(trigger: Trigger, name: ConditionKind): ConditionValue[] {
  const written = trigger[name];
  if (written === undefined) return [];
  if (!isList(written)) return [{ value: written, path: jsonPointer('trigger', name) }];
  return written.map((value, index) => ({ value, path: jsonPointer('trigger', name, index) }));
}

/** Whether a condition is written as a list, which may be empty. */
export function isList(written: Scalar | readonly Scalar[] | undefined): written is readonly Scalar[] {
  return Array.isArray(written);
}

/** Actions that senders choose. */
const FREE = '*';

/** The kinds of known events that a trigger's event and action leave; none when it names none that there is. */
export function kindsOf(trigger: Trigger): EventKind[] {
  const events = wantedBy(trigger, 'event').map(({ value }) => String(value));
  const actions = trigger.action === undefined ? undefined : wantedBy(trigger, 'action');
  return [...new Set(events)].flatMap((event) =>
    actionsOf(event)
      .filter((action) => !actions || action === FREE || actions.some(({ value }) => value === action))
      .filter((action) => !actions || action !== '')
      .map((action) => ({ event, action })),
  );
}

/** Whether an event may have an action. */
export function hasAction(event: string, action: Scalar): boolean {
  return actionsOf(event).some((known) => known === FREE || (known !== '' && known === action));
}

/** How a kind is called: `issues` with the action `opened`. */
export function eventKindName({ event, action }: EventKind): string {
  return action === '' || action === FREE ? `\`${event}\`` : `\`${event}\` with the action \`${action}\``;
}
