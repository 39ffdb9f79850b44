import { existsSync } from 'node:fs';
import type { Engine } from '../containers/docker.ts';
import type { EngineInfo, ImageInfo } from '../containers/engine-info.ts';
import { neededPrograms, placesOf, programMissing, refuseUnfitImage } from '../containers/image-fitness.ts';
import { containerLabels } from '../containers/labels.ts';
import type { Plan } from '../containers/plan.ts';

/** Looks at an image before a run of it begins. Throws `image_of_another_platform`, `image_hides_mount`, `image_lacks_program`. */
export type FitImage = (plan: Plan, image: ImageInfo, engine: EngineInfo) => Promise<void>;

/** Images that are remembered; each is looked into once, whatever its name stands for later. */
const MOST_KEPT = 1_000;

/** A look that remembers what it found in an image by the image's id, so that only the first run of it waits. */
export function createFitImage(engine: Pick<Engine, 'lookForPrograms'>, installation: string): FitImage {
  const fit = new Set<string>();
  return async (plan, image, info) => {
    refuseUnfitImage(image, plan, { engine: info, emulates });
    const wanted = neededPrograms(plan).flatMap((program) => {
      const places = placesOf(program.path, plan, image);
      return places ? [{ program, places }] : [];
    });
    const key = JSON.stringify([image.id, wanted.map(({ places }) => places)]);
    if (fit.has(key)) return;
    // With the run's labels, so that what a crash leaves is swept with the run.
    const runId = plan.env.GITHUB_FLOWS_RUN_ID ?? '';
    const missing = await engine.lookForPrograms(
      image.id,
      wanted.map(({ places }) => places),
      containerLabels({ installation, runId, attempt: 0 }),
    );
    const [first] = missing.flatMap((index) => wanted[index] ?? []);
    if (first) throw programMissing(plan.image, first.program);
    if (fit.size >= MOST_KEPT) fit.clear();
    fit.add(key);
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
