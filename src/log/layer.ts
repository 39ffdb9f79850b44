/** A text made from another one, with the place of each character there. */
export type Layer = {
  text: string;
  /** Where the character at `at` begins in the other text. */
  start(at: number): number;
  /** Where the character before `at` ends in the other text. */
  end(at: number): number;
  /** Whether what follows the other text would go on here. */
  reachesEnd: boolean;
};

/** Marks a piece that is copied unchanged. */
export const KEPT = -1;

/** The pieces that a text is made of: where each begins there, and from where to where it stood in the other text. */
export type Pieces = { at: number[]; from: number[]; to: number[] };

/** The layer of these pieces over a text of `length` characters. */
export function layerOf(text: string, length: number, { at, from, to }: Readonly<Pieces>): Layer {
  const pieceOf = (index: number): number => {
    let [low, high] = [0, at.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((at[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    text,
    reachesEnd: true,
    start(index) {
      if (index >= text.length) return length;
      const piece = pieceOf(index);
      const start = from[piece] ?? 0;
      return to[piece] === KEPT ? start + index - (at[piece] ?? 0) : start;
    },
    end(index) {
      if (index <= 0) return 0;
      const piece = pieceOf(index - 1);
      const stop = to[piece] ?? 0;
      return stop === KEPT ? (from[piece] ?? 0) + index - (at[piece] ?? 0) : stop;
    },
  };
}
