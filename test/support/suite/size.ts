/** A test's size: small for every day, the full number under `npm run test:long`. */
export const size = (normal: number, long: number): number =>
  process.env.TEST_SIZE === 'long' ? long : normal;

/** Of a table of cases of one kind the first few every day, the most different ones first; all of them in the long run. */
export const sample = <T>(cases: readonly T[], daily: number): readonly T[] =>
  cases.slice(0, size(daily, cases.length));

/** Whether only tests are played that need no engine, no database server and no browser: `npm run test:unit`. */
export const isUnit = process.env.TEST_SIZE === 'unit';
