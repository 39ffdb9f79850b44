/** A test's size: small for every day, the full number under `npm run test:long`. */
export const size = (normal: number, long: number): number =>
  process.env.TEST_SIZE === 'long' ? long : normal;
