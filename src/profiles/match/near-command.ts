import { distance } from 'fastest-levenshtein';
import type { FlowEvent } from '../../events/event.ts';
import { firstLine } from '../../events/from-delivery.ts';
import type { Profile } from '../profile.ts';
import { matchEvent, type ProfileSet } from './match.ts';

/** A word that is nearly a command: the word, the command that was probably meant, and its profile; undefined for a command to runs. */
export type NearCommand = { word: string; meant: string; profile: Profile | undefined };

/** Slashes, and what looks like one or is typed for one. */
const SLASHES = String.raw`[/\\\u2044\u2215\u2216\u2571\u2572\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c]+`;

/** Marks of Markdown, quotation marks and brackets, which people put around a word. */
const OPENING = String.raw`[*_~\x60"'\p{Ps}\p{Pi}]`;
const CLOSING = String.raw`*_~\x60"'\p{Pe}\p{Pf}`;

/** The first word, also where a blank parts it from its slash, or where it stands alone between marks. */
const FIRST = new RegExp(String.raw`^${SLASHES}\s*\S+`, 'u');
const MARKED = new RegExp(String.raw`^${OPENING}+${SLASHES}[^\s${CLOSING}]+[${CLOSING}]+$`, 'u');

/** What stands before a command's name. */
const BEFORE = new RegExp(String.raw`^${OPENING}*${SLASHES}\s*`, 'u');

/** What people join to a word, with whatever stands behind it: any mark but those that names and paths have. */
const JOINED = /(?![-_/\\])[\p{P}\p{S}].*$/u;

/** Shorter names differ by one letter too easily. */
const MIN_CHARACTERS = 3;

/** As long as a command may be. */
const MAX_CHARACTERS = 100;

/**
 * The command that an event nearly says, where its first word is none that is listened to there: other capitals or
 * slashes, a punctuation mark behind it, one letter more, less, other or in another place. `commands` are those that no
 * profile has. Only profiles that the right word would have started count.
 */
export function nearCommand(
  event: FlowEvent,
  profiles: ProfileSet,
  commands: readonly string[],
): NearCommand | undefined {
  if (event.action === 'deleted') return undefined;
  const word = firstWord(firstLine(event)?.slice(0, 2 * MAX_CHARACTERS) ?? '');
  if (word === undefined || word.length > MAX_CHARACTERS) return undefined;
  const known = new Set(profiles.candidates.map(({ conditions }) => conditions.command));
  const near = [...new Set([...known, ...commands])]
    .flatMap((command) => (typeof command === 'string' && command !== word ? [command] : []))
    .map((command) => ({ command, far: howFar(word, command) }))
    .filter(({ far }) => far <= 1)
    .toSorted((one, other) => one.far - other.far);
  for (const { command } of near) {
    const { winner } = matchEvent(profiles, { ...event, attributes: { ...event.attributes, command } });
    if (winner?.conditions.command === command) return { word, meant: command, profile: winner.profile };
    if (commands.includes(command)) return { word, meant: command, profile: undefined };
  }
  return undefined;
}

function firstWord(line: string): string | undefined {
  return MARKED.exec(line.trimEnd())?.[0] ?? FIRST.exec(line)?.[0];
}

/** 0 for the same word but for what is not read, 1 for one letter more, less, other, or swapped with the next; else more. */
function howFar(word: string, command: string): number {
  const wanted = bare(command);
  const whole = bare(word);
  const forms = [whole, withoutEnd(whole), withoutEnd(whole.replace(JOINED, ''))];
  return Math.min(...forms.map((form) => howFarApart(form, wanted)));
}

function withoutEnd(word: string): string {
  return word.replace(/[^\p{L}\p{N}]+$/u, '');
}

function bare(word: string): string {
  return word.normalize('NFKC').toLowerCase().replace(BEFORE, '');
}

function howFarApart(one: string, other: string): number {
  if (one === other) return 0;
  if (one === '' || other.length < MIN_CHARACTERS) return 2;
  return isSwapped(one, other) ? 1 : distance(one, other);
}

function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = [...one].findIndex((_, index) => one[index] !== other[index]);
  return one.slice(0, at) + (one[at + 1] ?? '') + (one[at] ?? '') + one.slice(at + 2) === other;
}
