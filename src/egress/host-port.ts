/** The port of an entry that names none: HTTPS. */
export const DEFAULT_PORT = 443;

/** Splits `host:port`; `port` is undefined where the text has none. Gives undefined for a port that is none. */
export function splitPort(text: string): { host: string; port: number | undefined } | undefined {
  const [, host = '', , digits] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(text) ?? [];
  if (digits === undefined) return text === host ? { host, port: undefined } : undefined;
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** A host with its port, the port only where it is not the usual one. */
export function writeHostPort(host: string, port: number): string {
  return port === DEFAULT_PORT ? host : `${host}:${port}`;
}
