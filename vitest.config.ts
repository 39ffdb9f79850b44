import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { makeHostPath } from './test/support/suite/host-path.ts';
import { isUnit } from './test/support/suite/size.ts';

/** In CI the results are also written for .ci/run to count. */
const inCi = process.env.CI !== undefined;

/** What takes longest begins first, so that the others fill the time beside it: of the files that have a process of their own, then of the others. */
const LONGEST = ['scenarios/', 'docker/', 'crash/', 'publish/faults', 'walls.test', 'github/unwell'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const isLong = LONGEST.some((name) => moduleId.includes(`/test/${name}`));
      return (project.config.isolate ? 0 : 2) + (isLong ? 0 : 1);
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

/**
 * What `npm run test:unit` leaves out: tests of an engine, a database server, whole services, git and other programs, and
 * those that take long by themselves.
 */
const NOT_UNIT = [
  'test/{cli,crash,docker,images,programs,publish,scenarios,maintenance,workspaces}/**/*.test.ts',
  'test/{app,app-postgres,apps,walls}.test.ts',
  'test/credentials/{find-secrets,github-tokens,secret-store}.test.ts',
  'test/db/{open,postgres}.test.ts',
  'test/{egress/fuzz,ingress/{crash,fuzz,webhook}}.test.ts',
  'test/flow/{admission,clone-source,plan-invariants}.test.ts',
  'test/{containers/start-script,contracts/long-queue,feedback/reporter,http/public-server,log/redact}.test.ts',
  'test/github/{every-call,unwell}.test.ts',
];

/**
 * What has a process of its own: files that start many programs from it, which costs the more the larger it is, and those
 * that measure or change what all of a process has in common (memory, open files, limits, the helper).
 */
const ALONE = [
  'test/{crash,images,scenarios,workspaces}/**/*.test.ts',
  'test/walls.test.ts',
  'test/{agents/codex-events,containers/log-stream,credentials/gh-token-file,egress/sockets}.test.ts',
  'test/{flow/token-renewer,ingress/fuzz,log/token-shapes,programs/exec}.test.ts',
  'test/docker/{containers-output,demo,runs,workers}.test.ts',
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

const left = isUnit ? NOT_UNIT : [];

/** What both kinds of files have in common. */
const both = {
  env,
  setupFiles: ['test/support/suite/each-file.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

/** Most files share a few processes: loading the code anew takes two seconds of a processor, more than most of their tests. */
const projects = [
  {
    test: {
      ...both,
      name: 'shared',
      include: ['test/**/*.test.ts'],
      exclude: [...ALONE, ...left],
      isolate: false,
    },
  },
  { test: { ...both, name: 'alone', include: ALONE, exclude: left } },
];

export default defineConfig({
  test: {
    projects,
    // Node runs TypeScript itself, and keeps what it made of it (above): nothing is transformed, and no test mocks a module.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    globalSetup: ['test/support/suite/whole-run.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'var/test-results.json' },
  },
});
