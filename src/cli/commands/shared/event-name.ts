import { nearestEvent } from '../../../events/nearest-event.ts';
import { eventNames } from '../../../events/payload-shapes.ts';
import { usage } from '../../terminal/usage.ts';

/** Throws `usage` for a name that no event of GitHub's has, with the nearest that one has. */
export function checkEventName(option: string, name: string): void {
  if (eventNames().includes(name)) return;
  const [word = ''] = name.toLowerCase().split(/[.:/]/);
  throw usage(
    `${option} is ${JSON.stringify(name.slice(0, 80))}, which is no event of GitHub.`,
    `Did you mean ${nearestEvent(word.slice(0, 80).replaceAll(/[\s-]+/g, '_'))}? The payload has the action.`,
  );
}
