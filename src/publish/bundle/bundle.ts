import type { Clock } from '../../base/clock.ts';
import type { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { changesTooLarge, changesUnreadable } from '../errors.ts';
import { CHANGE_LIMITS } from '../limits.ts';
import { type BundleRequest, bundleRefs, bundleSpec, NO_COMMITS } from './bundle-container.ts';
import { type BundleFile, openBundleFile } from './bundle-file.ts';
import { readBundleHeader } from './bundle-header.ts';
import { createFrameReader } from './frames.ts';

/** The calls of the engine that a bundle takes. */
export type BundleEngine = Pick<
  Engine,
  'create' | 'attach' | 'start' | 'wait' | 'inspect' | 'kill' | 'remove'
>;

/** The words of git that are kept for a message. */
const MAX_WORDS = 2_000;

/**
 * Has a sealed container bundle what the agent committed, and takes its objects into `packFile`. Gives the commit that
 * they end in, or undefined when there is none beyond the base. Nothing of the workspace is opened by this process.
 * The container is gone afterwards. Throws `changes_unreadable`, `changes_too_large`, `changes_invalid`, `image_missing`
 * and the engine's codes.
 */
export async function takeBundle(
  { engine, clock }: { engine: BundleEngine; clock: Clock },
  request: BundleRequest,
  packFile: string,
): Promise<string | undefined> {
  const id = await engine.create(bundleSpec(request));
  const file = await openBundleFile(packFile);
  try {
    const words = await runSealed({ engine, clock }, id, file);
    const { exitCode } = await engine.inspect(id);
    if (exitCode === NO_COMMITS) return undefined;
    if (exitCode !== 0) throw changesUnreadable(oneLine(words) || `git ended with exit code ${exitCode}`);
    return readBundleHeader(await file.finish(), bundleRefs(request.branch));
  } finally {
    await file.close();
    await engine.remove(id);
  }
}

/** Runs a sealed container whose standard output goes to `file`: attached before it starts, because its output is kept nowhere else. Gives its standard error. */
export async function runSealed(
  { engine, clock }: { engine: BundleEngine; clock: Clock },
  id: string,
  file: Pick<BundleFile, 'write'>,
): Promise<string> {
  const late = new AbortController();
  let fault: FlowError | undefined;
  const timer = clock.after(CHANGE_LIMITS.containerMs, () => {
    fault = changesTooLarge(`git was not done after ${CHANGE_LIMITS.containerMs / 1000} s`);
    late.abort();
  });
  try {
    const stream = await engine.attach(id, late.signal);
    await engine.start(id);
    const read = createFrameReader();
    let words = '';
    for await (const chunk of stream)
      for (const { stream: name, bytes } of read(chunk as Buffer)) {
        if (name === 'stdout') await file.write(bytes);
        else if (words.length < MAX_WORDS) words += bytes.toString();
      }
    await engine.wait(id, late.signal);
    return words;
  } catch (error) {
    throw fault ?? error;
  } finally {
    timer.stop();
  }
}

function oneLine(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-2).join('; ').slice(0, 300).replace(/\.$/, '');
}
