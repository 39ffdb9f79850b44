import { runChild } from './child.ts';
import type { FromHelper, ToHelper } from './helper.ts';
import { identifyProcess } from './process-tree.ts';

const running = new Map<number, AbortController>();

process.on('message', ({ id, order }: ToHelper) => {
  if (order) void start(id, order);
  else running.get(id)?.abort();
});

async function start(id: number, order: NonNullable<ToHelper['order']>): Promise<void> {
  const control = new AbortController();
  running.set(id, control);
  const end = await runChild(order, {
    signal: control.signal,
    onStart: (pid) => send({ id, process: identifyProcess(pid) }),
    onStdout: (stdout) => send({ id, stdout }),
    onStderr: (stderr) => send({ id, stderr }),
  });
  running.delete(id);
  send({ id, end });
}

function send(message: FromHelper): void {
  if (process.connected) process.send?.(message, () => undefined);
}

// Nothing goes on without the service. This process ends by itself once all that it started has.
process.once('disconnect', () => {
  for (const control of running.values()) control.abort();
});

// Ctrl-C and a service manager signal the whole group; the service still needs its programs while it drains.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
