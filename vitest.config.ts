import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { makeHostPath } from './test/support/host-path.ts';
import { isUnit } from './test/support/size.ts';

/** In CI the results are also written for .ci/run to count. */
const inCi = process.env.CI !== undefined;

/** What takes longest begins first, so that the others fill the time beside it. */
const LONGEST = ['scenarios/', 'docker/', 'crash/', 'publish/faults', 'walls.test', 'github/unwell'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((name) => moduleId.includes(`/test/${name}`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/**
 * What `npm run test:unit` leaves out: tests of an engine, a database server, whole services, git and other programs, and
 * those that take long by themselves.
 */
const NOT_UNIT = [
  'test/{cli,crash,docker,images,publish,scenarios,upkeep,workspaces}/**',
  'test/{app,app-postgres,apps,walls}.test.ts',
  'test/credentials/{find-secrets,github-tokens,secret-store}.test.ts',
  'test/db/{open,postgres}.test.ts',
  'test/{egress,ingress}/fuzz.test.ts',
  'test/{contracts/long-queue,feedback/reporter,flow/admission,http/public-server,ingress/webhook,log/redact}.test.ts',
  'test/github/{every-call,unwell}.test.ts',
];

/** Node keeps here what it made of each file, for every process that tests start. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

/** The only programs that tests find; under `npm run test:unit` they find no engine either. */
const programs = makeHostPath();
process.once('exit', () => programs?.remove());
const env = {
  ...(programs && { PATH: programs.path }),
  ...(isUnit && { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }),
};

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: isUnit ? NOT_UNIT : [],
    env,
    globalSetup: ['test/support/whole-run.ts'],
    setupFiles: ['test/support/each-file.ts'],
    pool: 'forks',
    isolate: !isUnit,
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'var/test-results.json' },
  },
});
