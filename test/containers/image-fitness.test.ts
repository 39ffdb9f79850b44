import { expect, test } from 'vitest';
import { neededPrograms, placesOf, refuseUnfitImage } from '../../src/containers/create/image-fitness.ts';
import { engineUsers, hostOwner, type ImageInfo } from '../../src/containers/engine/engine-info.ts';
import type { Plan } from '../../src/containers/plan.ts';
import { runOwner } from '../../src/flow/engine/run-owner.ts';
import { testPlan } from '../support/engine/container-run.ts';

const IMAGE: ImageInfo = {
  id: 'sha256:1',
  names: ['a:latest'],
  user: '',
  env: [],
  labels: {},
  platform: 'linux/amd64',
  volumes: [],
};
const plan: Plan = {
  ...testPlan('true', { workspace: '/w', files: '/f', secrets: '/s' }),
  command: ['agent', 'x'],
  env: {},
};

function codeFor(image: Partial<ImageInfo>, engine = 'linux/amd64', emulated: string[] = []): string {
  try {
    refuseUnfitImage({ ...IMAGE, ...image }, plan, {
      engine: { platform: engine },
      emulates: (platform) => emulated.includes(platform),
    });
    return 'fit';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each([
  [{ platform: 'linux/amd64' }, 'linux/amd64', 'fit'],
  [{ platform: undefined }, 'linux/amd64', 'fit'],
  [{ platform: 'linux/386' }, 'linux/amd64', 'fit'],
  [{ platform: 'linux/arm' }, 'linux/arm64', 'fit'],
  [{ platform: 'linux/arm64' }, 'linux/amd64', 'image_of_another_platform'],
  [{ platform: 'linux/amd64' }, 'linux/arm64', 'image_of_another_platform'],
  [{ platform: 'linux/amd64' }, 'linux/386', 'image_of_another_platform'],
  [{ platform: 'windows/amd64' }, 'linux/amd64', 'image_of_another_platform'],
])('an image for %j on %s is %s', (image, engine, code) => {
  expect(codeFor(image, engine)).toBe(code);
});

test('an emulator of the machine runs images of its architecture, and of no other system', () => {
  expect(codeFor({ platform: 'linux/arm64' }, 'linux/amd64', ['linux/arm64'])).toBe('fit');
  expect(codeFor({ platform: 'windows/arm64' }, 'linux/amd64', ['windows/arm64'])).toBe(
    'image_of_another_platform',
  );
});

test.each([
  ['/workspace/repo', 'image_hides_mount'],
  ['/workspace/', 'fit'],
  ['workspace/repo/', 'image_hides_mount'],
  ['/workspace/./repo/../x', 'image_hides_mount'],
  ['/run/secrets/deep', 'image_hides_mount'],
  ['/run/github-flows/bin', 'image_hides_mount'],
  ['/workspace', 'fit'],
  ['/run', 'fit'],
  ['/data', 'fit'],
  ['/workspaces/repo', 'fit'],
])('an image with the volume %s: %s', (volume, code) => {
  expect(codeFor({ volumes: ['/var/cache', volume] })).toBe(code);
});

const needs = (changes: Partial<Plan>): string[] =>
  neededPrograms({ ...plan, setupScript: null, network: 'none', ssh: null, ...changes }).map(
    ({ path }) => path,
  );

test('what a run needs of its image follows from its plan', () => {
  expect(needs({})).toEqual(['/bin/sh', 'timeout', 'agent']);
  expect(needs({ network: { allow: ['example.org'] } })).toContain('socat');
  expect(needs({ ssh: { hostKeys: 'pinned', knownHosts: true } })).toContain('ssh');
  expect(needs({ setupScript: 'npm install -g agent' })).not.toContain('agent');
  expect(needs({ command: ['./run.sh'] })).toEqual(['/bin/sh', 'timeout']);
  expect(needs({ command: ['/workspace/repo/run.sh'] })).toEqual(['/bin/sh', 'timeout']);
  expect(needs({ command: ['/opt/agent'] })).toContain('/opt/agent');
  expect(needs({ command: ['gh'] })).not.toContain('gh');
});

test('a program is looked for along the PATH of the profile, then the image’s, then the engine’s own', () => {
  expect(placesOf('/bin/sh', plan, IMAGE)).toEqual(['/bin/sh']);
  expect(placesOf('a', plan, { ...IMAGE, env: ['PATH=/x:/y'] })).toEqual(['/x/a', '/y/a']);
  expect(placesOf('a', { ...plan, env: { PATH: '/z' } }, { ...IMAGE, env: ['PATH=/x'] })).toEqual(['/z/a']);
  expect(placesOf('a', plan, IMAGE)).toContain('/usr/local/bin/a');
  expect(placesOf('a', { ...plan, env: { PATH: '/workspace/bin:/bin' } }, IMAGE)).toBeUndefined();
});

test('whom an engine takes for whom is read from its description', () => {
  const mapped = { SecurityOptions: ['name=seccomp,profile=default', 'name=userns'] };
  expect(engineUsers({ SecurityOptions: ['name=seccomp,profile=default'] })).toEqual({ kind: 'same' });
  expect(engineUsers({})).toEqual({ kind: 'same' });
  expect(engineUsers({ SecurityOptions: 'name=userns' })).toEqual({ kind: 'same' });
  expect(engineUsers({ SecurityOptions: ['name=rootless', 'name=userns'] })).toEqual({ kind: 'rootless' });
  expect(engineUsers(mapped)).toEqual({ kind: 'unknown' });
  const users = engineUsers({ ...mapped, DockerRootDir: '/var/lib/docker/100000.200000' });
  expect(users).toEqual({ kind: 'mapped', uidStart: 100_000, gidStart: 200_000 });
  expect(hostOwner(users, { uid: 1000, gid: 1001 })).toEqual({ uid: 101_000, gid: 201_001 });
});

test('a run is refused where nobody could own its files', () => {
  const user = { uid: 1000, gid: 1000 };
  const mapped = { kind: 'mapped', uidStart: 100_000, gidStart: 100_000 } as const;
  expect(runOwner({ kind: 'same' }, user, 1000)).toEqual(user);
  expect(runOwner(mapped, user, 0)).toEqual({ uid: 101_000, gid: 101_000 });
  const code = (code: string) => expect.objectContaining({ code });
  expect(() => runOwner(mapped, user, 1000)).toThrow(code('engine_maps_users'));
  expect(() => runOwner({ kind: 'unknown' }, user, 0)).toThrow(code('engine_maps_users'));
  expect(() => runOwner({ kind: 'rootless' }, user, 1000)).toThrow(code('engine_rootless'));
});
