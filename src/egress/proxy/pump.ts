import type { Duplex } from 'node:stream';

/** One direction of a connection. */
export type Flow = {
  from: Duplex;
  to: Duplex;
  /** What of a chunk goes on. */
  pass: (chunk: Buffer) => readonly Buffer[];
  onError: (error: Error) => void;
  /** `from` is gone without having said that it has sent everything. */
  onCut: () => void;
};

/** Carries what `from` sends to `to`, waits when `to` is slow, and hands on its end; resolves when `from` is closed. */
export async function pump({ from, to, pass, onError, onCut }: Flow): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const finish = (): void => {
    if (!from.readableEnded) onCut();
    closed.resolve();
  };
  from.on('error', onError);
  if (from.closed) finish();
  else from.once('close', finish);
  to.on('drain', () => from.resume());
  if (from.readableEnded) to.end();
  else from.once('end', () => to.end());
  from.on('data', (chunk: Buffer) => {
    for (const bytes of pass(chunk)) {
      if (to.writable && !to.write(bytes)) from.pause();
    }
  });
  await closed.promise;
}
