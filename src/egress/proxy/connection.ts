import type { Duplex } from 'node:stream';
import { type AllowList, isAllowed } from '../allow-list.ts';
import { createRequestLog, type EgressRequest, type RequestLog } from '../egress-request.ts';
import { hostName, isAddress, splitPort } from '../host-name.ts';
import type { EgressLimits } from '../limits.ts';
import {
  addressAsked,
  bytesSpent,
  connectionBroken,
  type EgressRefusal,
  malformedConnect,
  notListed,
  notTls,
  tooManyConnections,
} from '../refusals.ts';
import { answerRefused } from './answer.ts';
import { createHelloGate } from './hello-gate.ts';
import { type ReachOptions, reach } from './reach.ts';
import { runTunnel } from './tunnel.ts';

/** What all connections of one run share. */
type RunConnections = {
  /** Connections that are being made or used. */
  open: number;
  /** Bytes that all connections together have carried. */
  spent: number;
  /** Aborted when the proxy closes; the reason is an EgressEnd. */
  readonly closing: AbortSignal;
  /** Connections that are refused for good; further requests may follow the refused one on them. */
  readonly refused: WeakSet<Duplex>;
};

/** What a connection is made of. `onRequest` must not throw; it is called for every request, however many. */
export type ConnectionParts = Omit<ReachOptions, 'connectMs' | 'signal'> & {
  list: AllowList;
  limits: EgressLimits;
  onRequest: (request: EgressRequest) => void;
  state: RunConnections;
};

const CONNECTED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Serves one CONNECT request: judges it, connects, and joins the two sides until both are gone. Never rejects. */
export async function serveConnect(
  parts: ConnectionParts,
  request: { target: string; client: Duplex; head: Buffer },
): Promise<void> {
  const { client, head } = request;
  client.on('error', () => {});
  if (parts.state.refused.has(client)) return void client.destroy();
  if (head.length > 0) client.unshift(head);
  const target = readTarget(request.target, parts.list);
  const log = createRequestLog(parts.onRequest, parts.clock, target);
  const refusal = target.refusal ?? exhausted(parts);
  if (refusal) return refuse(parts, client, log, refusal);
  parts.state.open += 1;
  await connect(parts, { ...target, client, log });
  parts.state.open -= 1;
}

function refuse({ clock }: ConnectionParts, client: Duplex, log: RequestLog, refusal: EgressRefusal): void {
  log('refused', refusal);
  answerRefused(client, refusal, clock);
}

function exhausted({ state, limits }: ConnectionParts): EgressRefusal | undefined {
  if (state.open >= limits.connections) return tooManyConnections(limits.connections);
  return state.spent >= limits.bytes ? bytesSpent(limits.bytes) : undefined;
}

async function connect(
  parts: ConnectionParts,
  { host, port, client, log }: { host: string; port: number; client: Duplex; log: RequestLog },
): Promise<void> {
  const { limits, state } = parts;
  const { connectMs } = limits;
  const upstream = await reach({ ...parts, connectMs, signal: state.closing }, host, port);
  if (client.destroyed || state.closing.aborted) {
    if (!('reason' in upstream)) upstream.destroy();
    return log('refused', state.closing.reason ?? connectionBroken(host, 'the run closed it'));
  }
  if ('reason' in upstream) return refuse(parts, client, log, upstream);
  client.write(CONNECTED);
  let isGranted = false;
  const onGranted = (): void => {
    isGranted = true;
    log('granted', { reason: null, message: `${host}:${port} was granted.` });
  };
  const gate = createHelloGate(host);
  const { cause, ...bytes } = await runTunnel({ ...parts, host, client, upstream, gate, onGranted });
  if (!isGranted) return log('refused', cause ?? notTls(host), bytes);
  log('closed', cause ?? { reason: null, message: `The connection to ${host}:${port} was closed.` }, bytes);
}

/** Where a request wants to go, and why it may not; `host` is empty and `port` 0 where that cannot be read. */
type ConnectTarget = { host: string; port: number; refusal: EgressRefusal | undefined };

/** Reads the target of a CONNECT request, and looks it up in the list. */
function readTarget(text: string, list: AllowList): ConnectTarget {
  const { host: written = '', port = 0 } = splitPort(text) ?? {};
  if (isAddress(written)) return { host: written, port, refusal: addressAsked(text) };
  const host = hostName(written);
  if (host === undefined || port === 0) {
    const refusal = malformedConnect(400, 'it does not name a host and a port');
    return { host: '', port: 0, refusal };
  }
  return { host, port, refusal: isAllowed(list, host, port) ? undefined : notListed(host, port, list) };
}
