import { type ChildProcess, fork } from 'node:child_process';
import type { ChildEnd, ChildOrder, ChildTaps, RunChild } from './child.ts';
import { killTree, type ProcessIdentity } from './process-tree.ts';

/** A message to the helper: start a program, or end one. */
export type ToHelper = { id: number; order?: ChildOrder };

/** A message from the helper: the process of a program, a chunk of its output, or its end. */
export type FromHelper = {
  id: number;
  process?: ProcessIdentity | undefined;
  stdout?: Uint8Array;
  stderr?: Uint8Array;
  end?: ChildEnd;
};

type Awaited = ChildTaps & { settle(end: ChildEnd): void };

/** A process that starts programs for this one. */
export type Helper = {
  run: RunChild;
  isAlive(): boolean;
  /** Ends the helper, and with it whatever it still runs. */
  stop(): void;
};

/** Beside this file, with the same ending: the source, or what was built from it. */
const PROGRAM = new URL(import.meta.url.replace(/helper(?=\.\w+$)/, 'helper-process'));

const LOST: ChildEnd = {
  exitCode: undefined,
  signal: undefined,
  timedOut: false,
  isOverlong: false,
  message: 'the process that started it for the service has ended',
};

/** Starts a helper. It ends when this process does, and never keeps this process alive by itself. What it runs when it is killed is killed too. */
export function startHelper(): Helper {
  const child = fork(PROGRAM, {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const awaited = new Map<number, Awaited>();
  const running = new Map<number, ProcessIdentity>();
  let isAlive = true;
  let hasEnded = false;
  let last = 0;
  const lose = (): void => {
    isAlive = false;
    hasEnded = true;
    for (const process of running.values()) killTree(process);
    running.clear();
    for (const { settle } of awaited.values()) settle(LOST);
  };
  child.once('exit', lose);
  child.once('error', lose);
  child.on('message', ({ id, process, stdout, stderr, end }: FromHelper) => {
    const one = awaited.get(id);
    // Its last output may arrive after its end.
    if (process && hasEnded) killTree(process);
    else if (process) running.set(id, process);
    if (stdout) one?.onStdout(Buffer.from(stdout));
    if (stderr) one?.onStderr(Buffer.from(stderr));
    if (end) running.delete(id);
    if (end) one?.settle(end);
  });
  holdOpen(child, false);
  // A helper that takes no message is gone; its `exit` event handles that.
  const send = (message: ToHelper): unknown => child.send(message, () => undefined);
  return {
    isAlive: () => isAlive,
    async run(order, taps) {
      const id = ++last;
      const cancel = (): unknown => send({ id });
      const end = await new Promise<ChildEnd>((settle) => {
        awaited.set(id, { ...taps, settle });
        holdOpen(child, true);
        send({ id, order });
        if (taps.signal?.aborted) cancel();
        taps.signal?.addEventListener('abort', cancel, { once: true });
      });
      taps.signal?.removeEventListener('abort', cancel);
      awaited.delete(id);
      if (awaited.size === 0) holdOpen(child, false);
      return end;
    },
    stop() {
      isAlive = false;
      if (child.connected) child.disconnect();
    },
  };
}

/** Whether this process stays alive for messages of its helper. */
function holdOpen(child: ChildProcess, isHeld: boolean): void {
  for (const handle of [child, child.channel]) isHeld ? handle?.ref() : handle?.unref();
}
