import { createFinder, type Finder, type Span } from './finder.ts';
import { bareNeedlesFor, MIN_SECRET_CHARACTERS, needlesFor } from './needles.ts';
import { SHAPE_CONTEXT } from './token-shapes.ts';

/** What stands in the place of a secret. */
const MASK = '[masked]';

/** Masks text that comes in pieces: what `push` and `end` give, joined, is what `mask` gives for the whole. */
type RedactorStream = {
  /** Gives what is safe to show, and keeps an end that may be the beginning of a secret. */
  push(text: string): string;
  /** Gives the rest; the stream may be used again afterwards. */
  end(): string;
};

/** Masks every granted secret in whatever is shown, and what has the shape of a well-known token. */
export type Redactor = {
  /**
   * Masks `value` from now on, in every spelling of `views.ts`, until the function it gives is called.
   * Added twice, it is masked until it was forgotten twice. A value under 6 characters is not masked.
   */
  add(value: string): () => void;
  /** `text` with every known secret as `[masked]`; secrets that overlap become one. */
  mask(text: string): string;
  stream(): RedactorStream;
};

/** How much of the shown text is looked at again, so that a value that began in it is recognised. */
const CONTEXT = Math.max(64, SHAPE_CONTEXT);

/** No more is kept back, unless a value is longer. What needs more characters is masked without being recognised. */
const MAX_HELD = 256 * 1024;

/** A redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const secrets = new Map<string, { count: number; needles: string[]; bareNeedles: string[] }>();
  let built: Finder | undefined;
  const finder = (): Finder => {
    const all = [...secrets.values()];
    built ??= createFinder(
      all.flatMap(({ needles }) => needles),
      all.flatMap(({ bareNeedles }) => bareNeedles),
    );
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
        secrets.set(value, { count: 1, needles: needlesFor(value), bareNeedles: bareNeedlesFor(value) });
        built = undefined;
      }
      let forgotten = false;
      return () => {
        if (!forgotten) forget(value);
        forgotten = true;
      };
    },
    mask: (text) =>
      cover(text, finder().look(text, 0, false).spans, {
        covered: 0,
        shownBefore: 0,
        end: text.length,
      }).shown,
    stream: () => createStream(finder),
  };
}

function createStream(finder: () => Finder): RedactorStream {
  let pending = '';
  /** How much of `pending` was given already: what lies in a secret, and the context that decides whether a word begins after it. */
  let covered = 0;
  /** The same without what lies in a secret. */
  let shownBefore = 0;
  /** How much of `pending` was looked through for the beginnings of tokens; without the text before it, it would be read differently. */
  let decided = 0;
  const give = (text: string, isOver: boolean): string => {
    const { spans, open } = finder().look(text, decided, !isOver);
    const limit = Math.max(MAX_HELD, 4 * finder().reach);
    const isTooMuch = !isOver && text.length - open > limit;
    const end = isOver || isTooMuch ? text.length : Math.max(open, shownBefore);
    const masked = cover(text, isTooMuch ? [...spans, [open, end]] : spans, {
      covered,
      shownBefore,
      end,
    });
    const start = Math.max(0, end - CONTEXT);
    pending = text.slice(start);
    shownBefore = end - start;
    covered = shownBefore + masked.beyond;
    decided = Math.max(decided, end) - start;
    return masked.shown;
  };
  return {
    push: (text) => give(pending + text, false),
    end() {
      const shown = give(pending, true);
      pending = '';
      covered = 0;
      shownBefore = 0;
      decided = 0;
      return shown;
    },
  };
}

/** Masks `text` from `covered` to `end`; `shownBefore` is the end of what was shown before, `beyond` is how far a given mask reaches behind `end`. */
function cover(
  text: string,
  spans: readonly Span[],
  { covered, shownBefore, end }: { covered: number; shownBefore: number; end: number },
): { shown: string; beyond: number } {
  const parts: string[] = [];
  let done = covered;
  for (const [start, stop] of spans) {
    if (start >= end) break;
    if (start >= done) parts.push(text.slice(done, start), MASK);
    // Its beginning was shown before it could be known.
    else if (done === shownBefore && stop > done) parts.push(MASK);
    done = Math.max(done, stop);
  }
  if (done < end) parts.push(text.slice(done, end));
  return { shown: parts.join(''), beyond: Math.max(0, done - end) };
}
