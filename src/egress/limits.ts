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
  /** From the answer to the CONNECT request to the whole ClientHello. */
  handshakeMs: number;
  /** Silence both ways. */
  idleMs: number;
};

/** Enough for a package manager's downloads and for a model that answers slowly; they bound what an agent can use up. */
export const EGRESS_LIMITS: EgressLimits = {
  connections: 64,
  bytes: 16 * 1024 ** 3,
  requestMs: 10_000,
  connectMs: 10_000,
  handshakeMs: 10_000,
  idleMs: 15 * 60_000,
};
