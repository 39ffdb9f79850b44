/** A test's size: small for every day, the full number under `npm run test:long`. */
export const size = (normal: number, long: number): number =>
  process.env.TEST_SIZE === 'long' ? long : normal;

/** Whether only tests are played that need no engine, no database server and no browser: `npm run test:unit`. */
export const isUnit = process.env.TEST_SIZE === 'unit';
