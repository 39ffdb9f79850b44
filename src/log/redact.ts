import { MIN_SECRET_CHARACTERS, type Needle, needlesFor } from './encodings.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { SHAPE_CONTEXT, shapeScanner } from './token-shapes.ts';

/** What stands in the place of a secret. */
const MASK = '[masked]';

/** Masks text that comes in pieces: what `push` and `end` give, joined, is what `mask` gives for the whole. */
export type RedactorStream = {
  /** Gives what is safe to show; holds back an end that may be the beginning of a secret. */
  push(text: string): string;
  /** Gives what was held back; the stream may be used anew afterwards. */
  end(): string;
};

/** Knows every secret that was handed out, and takes it out of whatever is shown; what has the shape of a well-known token too. */
export type Redactor = {
  /**
   * Masks `value` from now on, in every form of `encodings.ts`, until the function it gives is called.
   * Added twice, it is masked until it was forgotten twice. A value under 6 characters is not masked.
   */
  add(value: string): () => void;
  /** `text` with every known secret as `[masked]`; secrets that overlap become one. */
  mask(text: string): string;
  stream(): RedactorStream;
};

/** A redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const secrets = new Map<string, { count: number; needles: Needle[] }>();
  let built: Scanner | undefined;
  const scanner = (): Scanner => {
    built ??= createScanner(distinct([...secrets.values()].flatMap(({ needles }) => needles)));
    return built;
  };

  const forget = (value: string): void => {
    const secret = secrets.get(value);
    if (!secret) return;
    secret.count -= 1;
    if (secret.count > 0) return;
    secrets.delete(value);
    built = undefined;
  };

  return {
    add(value) {
      if (value.length < MIN_SECRET_CHARACTERS) return () => {};
      const known = secrets.get(value);
      if (known) known.count += 1;
      else {
        secrets.set(value, { count: 1, needles: needlesFor(value) });
        built = undefined;
      }
      let forgotten = false;
      return () => {
        if (!forgotten) forget(value);
        forgotten = true;
      };
    },
    mask: (text) => maskUpTo(scanner(), text, { covered: 0, decided: 0, end: text.length }).shown,
    stream: () => createStream(scanner),
  };
}

function createStream(scanner: () => Scanner): RedactorStream {
  let held = '';
  /** How much of `held` was given already: what lies in a secret, and what tells whether a word begins after it. */
  let covered = 0;
  /** How much of `held` was looked through for the beginnings of tokens; with what stood before it gone, it would seem another. */
  let decided = 0;
  const give = (text: string, end: number): string => {
    const masked = maskUpTo(scanner(), text, { covered, decided, end });
    const start = Math.max(0, end - SHAPE_CONTEXT);
    held = text.slice(start);
    covered = masked.beyond + end - start;
    decided = Math.max(decided, end) - start;
    return masked.shown;
  };
  return {
    push(text) {
      const whole = held + text;
      return give(whole, Math.min(scanner().openFrom(whole), shapeScanner.openFrom(whole, decided)));
    },
    end() {
      const shown = give(held, held.length);
      held = '';
      covered = 0;
      decided = 0;
      return shown;
    },
  };
}

/**
 * Masks `text` from `covered` to `end`; tokens that begin before `decided` were seen before. `beyond` tells how far a mask that was given reaches behind `end`.
 * Every needle that starts before `end` must be complete in `text`.
 */
function maskUpTo(
  scanner: Scanner,
  text: string,
  { covered, decided, end }: { covered: number; decided: number; end: number },
): { shown: string; beyond: number } {
  const parts: string[] = [];
  let done = covered;
  const cover = (start: number, stop: number): void => {
    if (start >= end) return;
    if (start >= done) parts.push(text.slice(done, start), MASK);
    done = Math.max(done, stop);
  };
  const shapes: [start: number, stop: number][] = [];
  shapeScanner.scan(text, decided, (start, stop) => void shapes.push([start, stop]));
  scanner.scan(text, (start, stop) => {
    for (let shape = shapes[0]; shape && shape[0] <= start; shape = shapes[0]) {
      shapes.shift();
      cover(...shape);
    }
    cover(start, stop);
  });
  for (const shape of shapes) cover(...shape);
  if (done < end) parts.push(text.slice(done, end));
  return { shown: parts.join(''), beyond: Math.max(0, done - end) };
}

function distinct(needles: readonly Needle[]): Needle[] {
  return [...new Map(needles.map((needle) => [`${needle.wraps}${needle.text}`, needle])).values()];
}
