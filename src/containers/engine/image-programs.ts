import type { ContainerCreateOptions } from 'dockerode';
import { randomId } from '../../base/ids.ts';
import { imageMissing } from '../errors.ts';
import { HARDENED_CONTAINER, HARDENED_HOST } from '../hardening.ts';
import type { CallEngine } from './engine-call.ts';

/** Go's file modes, as the engine's header has them: https://pkg.go.dev/io/fs#FileMode */
const DIRECTORY = 2 ** 31;
const LINK = 2 ** 27;

/** Links that are followed to a program; `/bin/sh` in Debian has one, alternatives have three. */
const MOST_LINKS = 8;

/** Which of these programs a container lacks, running or not: for each its places in order; gives the indexes of those that are at none. */
export async function lookForPrograms(
  call: CallEngine,
  id: string,
  programs: readonly (readonly string[])[],
): Promise<number[]> {
  const found = await Promise.all(programs.map((places) => isAtOne(call, id, places)));
  return found.flatMap((isThere, index) => (isThere ? [] : [index]));
}

/** The same of an image, in a container that is made without any mount, never started, and removed at once. */
export async function lookIntoImage(
  call: CallEngine,
  image: string,
  programs: readonly (readonly string[])[],
): Promise<number[]> {
  const errors = { 404: (_words: string, cause: unknown) => imageMissing(image, cause) };
  const id = await call({ what: 'create a container', errors }, async (docker, abortSignal) => {
    return (await docker.createContainer({ ...probeSpec(image), abortSignal })).id;
  });
  try {
    return await lookForPrograms(call, id, programs);
  } finally {
    const gone = { what: 'remove a container', answers: { 404: undefined } };
    await call<void>(gone, async (docker, abortSignal) => {
      await docker.getContainer(id).remove({ force: true, v: true, abortSignal });
    });
  }
}

/** Nothing of it ever runs. */
function probeSpec(image: string): ContainerCreateOptions {
  return {
    ...HARDENED_CONTAINER,
    name: `gf-look-${randomId(12)}`,
    Image: image,
    Entrypoint: ['/bin/sh'],
    HostConfig: { ...HARDENED_HOST, NetworkMode: 'none' },
  };
}

async function isAtOne(call: CallEngine, id: string, places: readonly string[]): Promise<boolean> {
  for (const place of places) if (await isProgram(call, id, place, MOST_LINKS)) return true;
  return false;
}

async function isProgram(call: CallEngine, id: string, path: string, links: number): Promise<boolean> {
  const found = await statIn(call, id, path);
  if (!found || found.mode >= DIRECTORY) return false;
  if (Math.floor(found.mode / LINK) % 2 === 0) return (found.mode & 0o111) !== 0;
  return links > 0 && found.linkTarget !== path && (await isProgram(call, id, found.linkTarget, links - 1));
}

type Stat = { mode: number; linkTarget: string };

/** The engine could not look, so the run may try. */
const UNKNOWN: Stat = { mode: 0o111, linkTarget: '' };

/** What lies at a path of a container, not following its last link: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchiveInfo */
async function statIn(call: CallEngine, id: string, path: string): Promise<Stat | undefined> {
  const options = { what: `look for ${path} in an image`, answers: { 404: undefined, 500: UNKNOWN } };
  return await call<Stat | undefined>(options, async (docker) => {
    const answer = await docker.getContainer(id).infoArchive({ path });
    const header = String(answer.headers?.['x-docker-container-path-stat'] ?? '');
    const { mode, linkTarget } = JSON.parse(Buffer.from(header, 'base64').toString());
    return { mode: Number(mode), linkTarget: String(linkTarget) };
  });
}
