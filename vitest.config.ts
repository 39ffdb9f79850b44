import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { makeHostPath } from './test/support/host-path.ts';
import { isUnit } from './test/support/size.ts';

/** In CI the results are also written for .ci/run to count. */
const inCi = process.env.CI !== undefined;

/** What takes longest begins first, so that the others fill the time beside it; last come the files that share processes. */
const LONGEST = ['scenarios/', 'docker/', 'crash/', 'publish/faults', 'walls.test', 'github/unwell'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      if (!project.config.isolate) return 2;
      return LONGEST.some((name) => moduleId.includes(`/test/${name}`)) ? 0 : 1;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

/**
 * What `npm run test:unit` leaves out: tests of an engine, a database server, whole services, git and other programs, and
 * those that take long by themselves.
 */
const NOT_UNIT = [
  'test/{cli,crash,docker,images,publish,scenarios,upkeep,workspaces}/**/*.test.ts',
  'test/{app,app-postgres,apps,walls}.test.ts',
  'test/credentials/{find-secrets,github-tokens,secret-store}.test.ts',
  'test/db/{open,postgres}.test.ts',
  'test/{egress,ingress}/fuzz.test.ts',
  'test/{contracts/long-queue,feedback/reporter,flow/admission,http/public-server,ingress/webhook,log/redact}.test.ts',
  'test/github/{every-call,unwell}.test.ts',
];

/** What limits the size of the files that its process may write, or depends on nothing else going on in it. */
const ALONE = ['test/{containers/log-stream,flow/token-keeper}.test.ts'];

/** Node keeps here what it made of each file, for every process that tests start. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

/** The only programs that tests find; under `npm run test:unit` they find no engine either. */
const programs = makeHostPath();
process.once('exit', () => programs?.remove());
const env = {
  ...(programs && { PATH: programs.path }),
  ...(isUnit && { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }),
};

/** What both kinds of files have in common. */
const both = {
  env,
  setupFiles: ['test/support/each-file.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

/**
 * The many small files share processes, because loading the code anew for each costs more than their tests. Those that
 * start services and programs have a process of their own: what starts programs must stay small, and is ended with them.
 */
const projects = [
  {
    test: {
      ...both,
      name: 'shared',
      include: ['test/**/*.test.ts'],
      exclude: [...NOT_UNIT, ...ALONE],
      isolate: false,
    },
  },
  { test: { ...both, name: 'own', include: isUnit ? ALONE : [...NOT_UNIT, ...ALONE] } },
];

export default defineConfig({
  test: {
    projects,
    globalSetup: ['test/support/whole-run.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'var/test-results.json' },
  },
});
