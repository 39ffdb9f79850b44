/** What one run may do through its proxy; times in milliseconds. */
export type EgressLimits = {
  /** Connections at once. */
  connections: number;
  /** Bytes of all connections together, both ways, while the proxy lives. */
  bytes: number;
  /** A request from its first byte to its last. */
  requestMs: number;
  /** Finding an address and connecting to it, each. */
  connectMs: number;
  /** A ClientHello, once the client was told that it is connected. */
  handshakeMs: number;
  /** Silence both ways. */
  idleMs: number;
};

/** Room for a package manager's downloads and for a model that thinks; an agent's mischief ends somewhere. */
export const EGRESS_LIMITS: EgressLimits = {
  connections: 64,
  bytes: 16 * 1024 ** 3,
  requestMs: 10_000,
  connectMs: 10_000,
  handshakeMs: 10_000,
  idleMs: 15 * 60_000,
};
