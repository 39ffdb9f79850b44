import { nearest } from '../base/words.ts';
import lists from './shipped-lists.json' with { type: 'json' };

/** One list that profiles use by name: what it is for, and why each host is on it. All hosts are exact, on port 443. */
export type ShippedList = { about: string; hosts: Readonly<Record<string, string>> };

/** The shipped lists by their name, without the `@` that profiles write before it. */
export const SHIPPED_LISTS: ReadonlyMap<string, ShippedList> = new Map(Object.entries(lists));

/** The name of the shipped list that was probably meant. */
export function nearestList(name: string): string {
  return nearest(name, [...SHIPPED_LISTS.keys()]);
}
