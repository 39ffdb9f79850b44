import { closest, distance } from 'fastest-levenshtein';

/** What two spellings of one name share: letters and digits alone, in lower case. */
const bare = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/**
 * The known name that was probably meant: one that differs in case, hyphens or blanks alone, one that begins alike
 * (`timeout` for `timeoutSec`, `secret` for `secrets`), else the one with the fewest letters to change.
 */
export function nearest(word: string, known: readonly string[]): string {
  const wanted = bare(word);
  const same = known.find((name) => bare(name) === wanted);
  if (same !== undefined) return same;
  const alike = known.filter(
    (name) => wanted.length > 2 && (bare(name).startsWith(wanted) || wanted.startsWith(bare(name))),
  );
  return closest(word, alike.length > 0 ? alike : [...known]);
}

/** The same, where the word can be something else altogether: undefined when nothing is near. */
export function nearMiss(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const name = nearest(word, known);
  const [one, other] = [bare(word), bare(name)];
  const isNear =
    distance(one, other) <= Math.max(1, Math.floor(other.length / 3)) ||
    (one.length > 2 && (other.startsWith(one) || one.startsWith(other)));
  return isNear ? name : undefined;
}

/** A number with its noun in the right form: `1 commit`, `2 commits`, `0 entries` with `entries` as the plural. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
