import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../support/service/cli.ts';
import { shellProfile, startService } from '../support/service/service.ts';

const ID = `gf-unfit-${process.pid}`;
const made: string[] = [];

/** An image of busybox under these names, changed as `docker import --change` does it. */
async function makeImage(name: string, programs: readonly string[], ...changes: string[]): Promise<string> {
  const tree = join(dir, name);
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync('/usr/bin/busybox', join(tree, 'bin/busybox'));
  for (const program of programs) symlinkSync('busybox', join(tree, 'bin', program));
  writeFileSync(join(tree, 'bin/no-program'), 'not executable', { mode: 0o644 });
  symlinkSync('/nowhere', join(tree, 'bin/dangling'));
  const image = `${ID}:${name}`;
  const flags = changes.flatMap((change) => ['--change', change]);
  await execa('sh', ['-c', `tar -C "$0" -c . | docker import "$@"`, tree, ...flags, '-', image]);
  made.push(image);
  return image;
}

let dir = '';
const images: Record<string, string> = {};
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gf-unfit-'));
  const all = ['sh', 'timeout', 'cat', 'date', 'id', 'sleep', 'rm'];
  images.whole = await makeImage('whole', all);
  images.noShell = await makeImage('no-shell', ['timeout']);
  images.noTimeout = await makeImage('no-timeout', ['sh']);
  images.volume = await makeImage('volume', all, 'VOLUME /workspace/repo');
}, 60_000);
afterAll(async () => {
  await execa('docker', ['rmi', ...made], { reject: false });
  rmSync(dir, { recursive: true, force: true });
});

test('a run of an image that cannot be what the profile says is refused before it starts, and names what is wrong', async () => {
  const cases = [
    ['no-shell', images.noShell, ['sh'], 'image_lacks_program', '/bin/sh'],
    ['no-timeout', images.noTimeout, ['sh'], 'image_lacks_program', 'timeout'],
    ['volume', images.volume, ['sh'], 'image_hides_mount', '/workspace/repo'],
    ['no-agent', images.whole, ['agent'], 'image_lacks_program', 'agent'],
    ['not-executable', images.whole, ['no-program'], 'image_lacks_program', 'no-program'],
    ['dangling', images.whole, ['dangling'], 'image_lacks_program', 'dangling'],
    ['directory', images.whole, ['/bin'], 'image_lacks_program', '/bin'],
  ] as const;
  const profiles = Object.fromEntries(
    cases.map(([name, image, command]) => [
      `${name}/profile.json`,
      shellProfile('true', {
        trigger: {
          repository: 'octo/hello',
          event: 'issue_comment',
          filter: `event.comment.body == "${name}"`,
        },
        runtime: { image },
        handler: { command: [...command] },
      }),
    ]),
  );
  const service = await startService({ profiles });
  onTestFinished(service.close);
  for (const [name, , , code, word] of cases) {
    const run = await service.run(name);
    expect({ name, profile: run.profile, outcome: run.outcome, code: run.reason?.code }).toEqual({
      ...{ name, profile: name, outcome: 'refused', code },
    });
    expect(run.reason?.message).toContain(word);
    expect(run.startedAt).toBeNull();
  }
  expect(await service.containers()).toEqual([]);
  const { out } = await runCommand(dir, doctorSettings(service.config.profilesDir), 'doctor', '--json');
  const { checks } = JSON.parse(out) as { checks: { name: string; problems: { code: string }[] }[] };
  const found = checks.find(({ name }) => name === 'images of profiles');
  expect(new Set(found?.problems.map(({ code }) => code))).toEqual(
    new Set(['image_lacks_program', 'image_hides_mount']),
  );
});

function doctorSettings(profilesDir: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    PROFILES_DIR: profilesDir,
    VAR_DIR: join(dir, 'var'),
    SECRETS_DIR: join(dir, 'secrets'),
    ...(process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}),
  };
}

test('an image that has all of it runs', async () => {
  const service = await startService({
    profiles: {
      'hello/profile.json': shellProfile('echo hello', { runtime: { image: images.whole } }),
    },
  });
  onTestFinished(service.close);
  const run = await service.run();
  expect(run.reason).toBeNull();
  expect(service.output(run.id)).toBe('hello\n');
});
