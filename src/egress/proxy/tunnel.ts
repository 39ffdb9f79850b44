import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { systemCode } from '../../base/errors.ts';
import type { EgressLimits } from '../limits.ts';
import {
  bytesSpent,
  connectionBroken,
  connectionIdle,
  type EgressEnd,
  type EgressRefusal,
  handshakeSlow,
} from '../refusals.ts';
import type { GateStep, HelloGate } from './hello-gate.ts';

/** What a tunnel is made of. Both sides are connected. */
type TunnelOptions = {
  host: string;
  client: Duplex;
  upstream: Duplex;
  gate: HelloGate;
  limits: EgressLimits;
  clock: Clock;
  /** Shared by all connections of a run. */
  state: { spent: number; readonly closing: AbortSignal };
  /** Called once, when TLS to the right server has begun. */
  onGranted: () => void;
};

/** How a tunnel ended: `cause` when something other than its two sides closed it; bytes as the client sent and got them. */
type TunnelEnd = { cause: EgressEnd | undefined; bytesUp: number; bytesDown: number };

type Tunnel = TunnelOptions & { ended: TunnelEnd; step: GateStep['state']; activeAt: number };

/** A fatal alert, access_denied: https://www.rfc-editor.org/rfc/rfc8446#section-6.2 */
const ACCESS_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);

/**
 * Joins a client and a server through the gate until both are closed. Either may stop sending before the other, and
 * each waits while the other is slow. Never rejects.
 */
export async function runTunnel(options: TunnelOptions): Promise<TunnelEnd> {
  const { host, client, upstream, clock, limits } = options;
  const { closing } = options.state;
  const ended: TunnelEnd = { cause: undefined, bytesUp: 0, bytesDown: 0 };
  const tunnel: Tunnel = { ...options, ended, step: 'waiting', activeAt: clock.now() };
  const handshake = clock.after(limits.handshakeMs, () => {
    if (tunnel.step === 'waiting') refuse(tunnel, handshakeSlow(host));
  });
  const idle = watchIdle(tunnel);
  const abort = (): void => stop(tunnel, closing.reason as EgressEnd);
  closing.addEventListener('abort', abort, { once: true });
  if (closing.aborted) abort();

  const onError = (error: Error): void =>
    stop(tunnel, connectionBroken(host, systemCode(error) ?? error.message));
  const onCut = (): void => {
    if (tunnel.step !== 'refused') destroyBoth(tunnel);
  };
  await Promise.all([
    pump({ from: client, to: upstream, pass: (chunk) => passUp(tunnel, chunk), onError, onCut }),
    pump({ from: upstream, to: client, pass: (chunk) => passDown(tunnel, chunk), onError, onCut }),
  ]);
  handshake.stop();
  idle.stop();
  closing.removeEventListener('abort', abort);
  return ended;
}

function passUp(tunnel: Tunnel, chunk: Buffer): readonly Buffer[] {
  if (tunnel.step === 'refused' || !spend(tunnel, chunk)) return [];
  tunnel.ended.bytesUp += chunk.length;
  if (tunnel.step === 'open') return [chunk];
  const step = tunnel.gate.push(chunk);
  if (step.state === 'refused') {
    refuse(tunnel, step.refusal);
    return [];
  }
  const isGranted = tunnel.step === 'waiting' && step.state !== 'waiting';
  tunnel.step = step.state;
  if (isGranted) tunnel.onGranted();
  return step.bytes;
}

function passDown(tunnel: Tunnel, chunk: Buffer): readonly Buffer[] {
  if (tunnel.step === 'refused' || !spend(tunnel, chunk)) return [];
  tunnel.ended.bytesDown += chunk.length;
  return [chunk];
}

/** Counts a chunk; ends the tunnel when it is one too many. */
function spend(tunnel: Tunnel, chunk: Buffer): boolean {
  const { state, limits, clock } = tunnel;
  tunnel.activeAt = clock.now();
  state.spent += chunk.length;
  const isWithin = state.spent <= limits.bytes;
  if (!isWithin) stop(tunnel, bytesSpent(limits.bytes));
  return isWithin;
}

function stop(tunnel: Tunnel, cause: EgressEnd): void {
  tunnel.ended.cause ??= cause;
  destroyBoth(tunnel);
}

/** Nothing more goes to the server; a client that speaks TLS gets a TLS alert. */
function refuse(tunnel: Tunnel, refusal: EgressRefusal): void {
  const { client, upstream } = tunnel;
  tunnel.step = 'refused';
  tunnel.ended.cause ??= refusal;
  upstream.destroy();
  if (refusal.alert) client.end(ACCESS_DENIED, () => client.destroy());
  else client.destroy();
}

function destroyBoth({ client, upstream }: Tunnel): void {
  client.destroy();
  upstream.destroy();
}

/** One timer that looks again when the time since the last byte would be over, instead of one for every byte. */
function watchIdle(tunnel: Tunnel): { stop(): void } {
  const { clock, limits, host } = tunnel;
  const look = (): void => {
    const left = tunnel.activeAt + limits.idleMs - clock.now();
    if (left <= 0) stop(tunnel, connectionIdle(host));
    else timer = clock.after(left, look);
  };
  let timer = clock.after(limits.idleMs, look);
  return { stop: () => timer.stop() };
}

/** One direction of a connection. */
type Flow = {
  from: Duplex;
  to: Duplex;
  /** What of a chunk goes on. */
  pass: (chunk: Buffer) => readonly Buffer[];
  onError: (error: Error) => void;
  /** `from` is gone without having said that it has sent everything. */
  onCut: () => void;
};

/** Carries what `from` sends to `to`, waits when `to` is slow, and hands on its end; resolves when `from` is closed. */
async function pump({ from, to, pass, onError, onCut }: Flow): Promise<void> {
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
