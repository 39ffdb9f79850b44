import type { Engine } from '../engine/docker.ts';
import { createDemuxer } from './demux.ts';

/** Gives a container's output to `print` as its lines come, both streams as one, until it is over or the signal aborts. Nothing is kept. */
export async function printOutput(
  engine: Pick<Engine, 'logs'>,
  containerId: string,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const demuxer = createDemuxer();
  for await (const chunk of await engine.logs(containerId, {}, signal))
    for (const { text, ends } of demuxer.push(chunk)) print(ends ? `${text}\n` : text);
}
