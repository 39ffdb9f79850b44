import { existsSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import {
  neededPrograms,
  placesOf,
  programMissing,
  refuseUnfitImage,
} from '../../containers/create/image-fitness.ts';
import type { EngineInfo, ImageInfo } from '../../containers/engine/engine-info.ts';
import type { Plan } from '../../containers/plan.ts';

/** Finds out which programs, each with its places, an image lacks: their indexes. */
type Look = (programs: readonly (readonly string[])[]) => Promise<number[]>;

/** Whether an image has what a plan needs of it, by `look`, which is asked once for each image and set of programs. Throws `image_lacks_program`. */
export type CheckPrograms = (plan: Plan, image: ImageInfo, look: Look) => Promise<void>;

/** Images that are remembered; each by its id, whatever its name stands for later. */
const MOST_KEPT = 1_000;

/** What an image's description says against a plan, on this host. Throws `image_of_another_platform`, `image_hides_mount`. */
export function fitImage(plan: Plan, image: ImageInfo, engine: EngineInfo): void {
  refuseUnfitImage(image, plan, { engine, emulates });
}

/** A check that remembers what it found, so that only the first run of an image waits. */
export function createProgramCheck(): CheckPrograms {
  const fit = new LRUCache<string, true>({ max: MOST_KEPT });
  return async (plan, image, look) => {
    const wanted = neededPrograms(plan).flatMap((program) => {
      const places = placesOf(program.path, plan, image);
      return places ? [{ program, places }] : [];
    });
    const places = wanted.map((one) => one.places);
    const key = JSON.stringify([image.id, places]);
    if (fit.has(key)) return;
    const [first] = (await look(places)).flatMap((index) => wanted[index] ?? []);
    if (first) throw programMissing(plan.image, first.program);
    fit.set(key, true);
  };
}

/** The kernel's names of the emulators that qemu registers: https://docs.kernel.org/admin-guide/binfmt-misc.html */
const EMULATORS: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  386: 'i386',
};

function emulates(platform: string): boolean {
  const architecture = platform.split('/')[1] ?? '';
  return existsSync(`/proc/sys/fs/binfmt_misc/qemu-${EMULATORS[architecture] ?? architecture}`);
}
