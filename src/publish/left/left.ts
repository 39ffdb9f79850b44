import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { type BundleEngine, runSealed } from '../bundle/bundle.ts';
import { type BundleRequest, sealedSpec } from '../bundle/bundle-container.ts';
import { changesTooLarge, changesUnreadable } from '../errors.ts';
import { isLeft, type Left, readLeft } from './left-report.ts';
import { LEFT_SCRIPT } from './left-script.ts';
import { maskPatch } from './mask-patch.ts';

/** What was found, and the file that holds it as a patch; null when it was too much to keep, or nothing. */
export type KeptLeft = { left: Left; patch: string | null };

/** Whose workspace is looked at; what was committed before `sinceSec` (seconds since 1970) is no work of the agent's. */
type LeftRequest = BundleRequest & { sinceSec: number };

/** Where the container makes the patch; in memory. */
const TMP_BYTES = 128 * 1024 ** 2;

/** More of a patch is not kept, and much more ends the container. */
const PATCH_BYTES = 8 * 1024 ** 2;
const OUTPUT_BYTES = 64 * 1024 ** 2;

/** Its name in the run's log directory. */
const PATCH = 'left.patch';

/**
 * Has a sealed container look at what an agent left beside the commits that are taken from it, and keeps that as a
 * patch in `keepIn`, masked. Gives undefined when there is nothing. Nothing of the workspace is opened by this process.
 * Throws `changes_unreadable`, `changes_too_large`, `image_missing` and the engine's codes.
 */
export async function keepLeft(
  parts: { engine: BundleEngine; clock: Clock; mask: (text: string) => string },
  request: LeftRequest,
  keepIn: string,
): Promise<KeptLeft | undefined> {
  const read = readLeft(await look(parts, request));
  if (!read) throw changesUnreadable('git could not list what is in no commit');
  const { left, patch } = read;
  if (!isLeft(left)) return undefined;
  if (patch.length === 0 || patch.length > PATCH_BYTES) return { left, patch: null };
  const file = join(keepIn, PATCH);
  await writeFile(file, maskPatch(patch.toString(), parts.mask), { mode: 0o600 });
  return { left, patch: file };
}

async function look(parts: { engine: BundleEngine; clock: Clock }, request: LeftRequest): Promise<Buffer> {
  const script = `since=${Math.floor(request.sinceSec)}\n${LEFT_SCRIPT}`;
  const spec = sealedSpec(request, { name: 'left', script, tmpBytes: TMP_BYTES });
  const id = await parts.engine.create(spec);
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    await runSealed(parts, id, {
      async write(bytes) {
        total += bytes.length;
        if (total > OUTPUT_BYTES)
          throw changesTooLarge(`what is in no commit takes more than ${OUTPUT_BYTES} bytes`);
        chunks.push(Buffer.from(bytes));
      },
    });
    return Buffer.concat(chunks);
  } finally {
    await parts.engine.remove(id);
  }
}
