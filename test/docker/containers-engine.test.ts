import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { containerSpec } from '../../src/containers/create/spec.ts';
import { removeOrphanResources, removeOrphans } from '../../src/containers/engine/reaper.ts';
import { NETWORK_NAME } from '../../src/containers/hardening.ts';
import { containerLabels, containerName } from '../../src/containers/labels.ts';
import {
  type ContainerRun,
  containerRun,
  engine,
  type PlanChanges,
} from '../support/engine/container-run.ts';
import { baseImage } from '../support/engine/images.ts';

const docker = new Docker();
const open: ContainerRun[] = [];

function begin(script: string, changes: PlanChanges = {}): ContainerRun {
  const run = containerRun(script, changes);
  open.push(run);
  return run;
}

afterEach(async () => {
  for (const run of open.splice(0)) await run.dispose();
});

test('the engine says what it is, and what an image is', async () => {
  await engine.ping();
  const info = await engine.info();
  expect(info.cpus).toBeGreaterThan(0);
  expect(info.memoryBytes).toBeGreaterThan(0);
  expect(info.apiVersion).toMatch(/^1\.\d+$/);
  const image = await engine.inspectImage(baseImage());
  expect(image.id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(image.env.join()).toContain('PATH=');
});

test('an image that is not there is told before and at the creation', async () => {
  const image = 'github-flows-nothing-of-the-kind:latest';
  await expect(engine.inspectImage(image)).rejects.toMatchObject({ code: 'image_missing' });
  const run = begin('true', { image });
  await expect(run.start()).rejects.toMatchObject({
    code: 'image_missing',
    hint: expect.stringContaining('npm run images'),
  });
});

test('a second container for the same attempt is refused', async () => {
  const run = begin('sleep 60');
  await run.start();
  await expect(run.start()).rejects.toMatchObject({
    code: 'container_exists',
    message: expect.stringContaining(`gf-${run.identity.installation}-${run.identity.runId}-1`),
  });
});

test('starting, stopping, killing and removing may be asked twice and at once', async () => {
  const run = begin('sleep 60');
  const id = await run.start();
  await engine.start(id);
  expect(await engine.stop(id, 5)).toBe(true);
  expect(await engine.stop(id, 5)).toBe(false);
  await engine.kill(id);
  await Promise.all([engine.remove(id), engine.remove(id), engine.remove(id)]);
  await engine.remove(id);
  await expect(engine.inspect(id)).rejects.toMatchObject({ code: 'container_gone' });
});

test('a running container is removed with its anonymous volumes', async () => {
  const run = begin('sleep 60');
  const id = await engine.create({ ...containerSpec(run.plan, run.identity, 1), Volumes: { '/data': {} } });
  await engine.start(id);
  const { Mounts } = await docker.getContainer(id).inspect();
  const volume = Mounts.find(({ Destination }) => Destination === '/data')?.Name ?? '';
  await engine.remove(id);
  await expect(docker.getVolume(volume).inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test('the reaper removes what no living run owns, of this installation only', async () => {
  const living = begin('sleep 60');
  const dead = begin('sleep 60');
  const created = begin('sleep 60');
  const foreign = begin('sleep 60');
  for (const run of [dead, created])
    Object.assign(run.identity, { installation: living.identity.installation });
  for (const run of [living, dead, foreign]) await run.start();
  await engine.create(containerSpec(created.plan, created.identity, 1));
  const plain = await docker.createContainer({
    Image: baseImage(),
    Cmd: ['true'],
    Labels: { 'github-flows.installation': living.identity.installation },
  });
  try {
    expect(
      await removeOrphans(
        engine,
        living.identity.installation,
        async () => new Map([[living.identity.runId, living.identity.attempt]]),
      ),
    ).toBe(2);
    const left = await engine.list(living.identity.installation);
    expect(left).toEqual([{ ...living.identity, id: expect.any(String), running: true }]);
    expect(await engine.list(foreign.identity.installation)).toHaveLength(1);
    expect((await plain.inspect()).State.Status).toBe('created');
  } finally {
    await plain.remove({ force: true });
  }
});

test('volumes and networks with the labels of a run that is over are removed, of this installation only', async () => {
  const [living, dead, foreign] = [begin('true'), begin('true'), begin('true')];
  Object.assign(dead.identity, { installation: living.identity.installation });
  const names = [living, dead, foreign].map(({ identity }) => containerName(identity));
  for (const [index, { identity }] of [living, dead, foreign].entries())
    await docker.createVolume({ Name: names[index] ?? '', Labels: containerLabels(identity) });
  const network = await docker.createNetwork({
    Name: names[1] ?? '',
    Labels: containerLabels(dead.identity),
    Internal: true,
  });
  try {
    const runs = async () => new Set([living.identity.runId]);
    expect(await removeOrphanResources(engine, living.identity.installation, runs)).toBe(2);
    expect(await removeOrphanResources(engine, living.identity.installation, runs)).toBe(0);
    const { Volumes } = await docker.listVolumes();
    const left = names.map((name) => Volumes.some((volume) => volume.Name === name));
    expect(left).toEqual([true, false, true]);
    await expect(network.inspect()).rejects.toMatchObject({ statusCode: 404 });
  } finally {
    for (const name of names)
      await docker
        .getVolume(name)
        .remove()
        .catch(() => undefined);
    await network.remove().catch(() => undefined);
  }
});

test('however many make the open network at once, there is one, and no container reaches another on it', async () => {
  await Promise.all(Array.from({ length: 5 }, () => engine.ensureNetwork()));
  const networks = await docker.listNetworks({ filters: { name: [`^${NETWORK_NAME}$`] } });
  expect(networks).toHaveLength(1);
  const listen = begin('socat TCP-LISTEN:8000,fork,reuseaddr SYSTEM:"echo reached"', { network: 'open' });
  const id = await listen.start();
  const { NetworkSettings } = await docker.getContainer(id).inspect();
  const address = NetworkSettings.Networks[NETWORK_NAME]?.IPAddress;
  const knock = (to: string): string =>
    `timeout 1 bash -c 'cat < /dev/tcp/${to}/8000' 2>/dev/null || echo closed;`;
  const caller = begin(knock(address ?? ''), { network: 'open' });
  await caller.run();
  expect(await caller.text('stdout')).toBe('closed\n');
});

test('without a network there is no interface but the loopback', async () => {
  const run = begin('ls /sys/class/net');
  await run.run();
  expect(await run.text('stdout')).toBe('lo\n');
});
