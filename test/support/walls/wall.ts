/** A wall: where it stands in the source, what switches it off, and the tests of which at least one must then fail. */
export type Wall = {
  name: string;
  file: string;
  /** Stands exactly once in the file. */
  find: string;
  /** The wall switched off. */
  replace: string;
  tests: readonly string[];
};

/** One row of a table; `file` is below src. */
export const wall = (
  name: string,
  file: string,
  find: string,
  replace: string,
  ...tests: string[]
): Wall => ({
  ...{ name, file: `src/${file}`, find, replace, tests },
});
