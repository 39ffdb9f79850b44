import { defineConfig } from 'vitest/config';

/** In CI the results are also written for .ci/run to count. */
const inCi = process.env.CI !== undefined;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'var/test-results.json' },
  },
});
