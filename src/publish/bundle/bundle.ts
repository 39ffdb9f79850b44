import type { Clock } from '../../base/clock.ts';
import type { FlowError } from '../../base/errors.ts';
import { formatDuration } from '../../base/text.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { CHANGE_LIMITS } from '../confined-git.ts';
import { changesTooLarge, changesUnreadable } from '../errors.ts';
import { type BundleRequest, bundleSpec, NO_COMMITS } from './bundle-container.ts';
import { type BundleFile, openBundleFile, readBundleHeader } from './bundle-file.ts';

/** The calls of the engine that a bundle takes. */
export type BundleEngine = Pick<
  Engine,
  'create' | 'attach' | 'start' | 'wait' | 'inspect' | 'kill' | 'remove'
>;

/** How many characters of git’s standard error are kept for a message. */
const MAX_STDERR = 2_000;

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
    const stderr = await runSealed({ engine, clock }, id, file);
    const { exitCode } = await engine.inspect(id);
    if (exitCode === NO_COMMITS) return undefined;
    if (exitCode !== 0) throw changesUnreadable(oneLine(stderr) || `git ended with exit code ${exitCode}`);
    return readBundleHeader(await file.finish(), [`refs/heads/${request.branch}`, 'HEAD']);
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
  let timeout: FlowError | undefined;
  const timer = clock.after(CHANGE_LIMITS.containerMs, () => {
    timeout = changesTooLarge(`git was not done after ${formatDuration(CHANGE_LIMITS.containerMs)}`);
    late.abort();
  });
  try {
    const stream = await engine.attach(id, late.signal);
    await engine.start(id);
    const read = createFrameReader();
    let stderr = '';
    for await (const chunk of stream)
      for (const { stream: name, bytes } of read(chunk as Buffer)) {
        if (name === 'stdout') await file.write(bytes);
        else if (stderr.length < MAX_STDERR) stderr += bytes.toString();
      }
    await engine.wait(id, late.signal);
    return stderr;
  } catch (error) {
    throw timeout ?? error;
  } finally {
    timer.stop();
  }
}

function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-2).join('; ').slice(0, 300).replace(/\.$/, '');
}

/** A piece of what a container wrote, as bytes. */
type Piece = { stream: 'stdout' | 'stderr'; bytes: Buffer };

/** Type, three zeros, length: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach */
const HEADER_BYTES = 8;

/** Takes the engine's multiplexed stream apart, chunk by chunk; frames are given on in the pieces they come in. */
export function createFrameReader(): (chunk: Buffer) => Piece[] {
  let header = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    const pieces: Piece[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + HEADER_BYTES - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER_BYTES) break;
        left = header.readUInt32BE(4);
      }
      const bytes = chunk.subarray(at, at + left);
      if (bytes.length > 0) pieces.push({ stream: header[0] === 2 ? 'stderr' : 'stdout', bytes });
      at += bytes.length;
      left -= bytes.length;
      if (left === 0) header = Buffer.alloc(0);
    }
    return pieces;
  };
}
