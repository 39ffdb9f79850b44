import { splitPort } from '../host-name.ts';

/** The proxy of the host's own network, and what is reached without it; neither where the environment names none. */
export type Upstream = { upstreamProxy?: URL; isDirect?: (host: string, port: number) => boolean };

/**
 * Reads `HTTPS_PROXY` and `NO_PROXY`, of which the lower-case spelling wins as with curl:
 * https://curl.se/docs/manpage.html#ENVIRONMENT. Pure. `isUnusable` says that a proxy is named which is not spoken to
 * here: SOCKS, or no address at all.
 */
export function readUpstream(environment: Readonly<Record<string, string | undefined>>): {
  upstream: Upstream;
  isUnusable: boolean;
} {
  const written = (environment.https_proxy || environment.HTTPS_PROXY || '').trim();
  if (written === '') return { upstream: {}, isUnusable: false };
  const upstreamProxy = proxyUrl(written);
  if (!upstreamProxy) return { upstream: {}, isUnusable: true };
  const isDirect = readNoProxy(environment.no_proxy || environment.NO_PROXY || '');
  return { upstream: { upstreamProxy, isDirect }, isUnusable: false };
}

/** An address without a scheme is one of HTTP. */
function proxyUrl(written: string): URL | undefined {
  const url = URL.parse(written.includes('://') ? written : `http://${written}`);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return undefined;
  return isDecodable(url.username) && isDecodable(url.password) ? url : undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Each word is a host and all names below it, with a port or for all ports; a dot or a star before it makes no difference, and `*` alone is every host. Addresses match nothing: runs ask for names. */
function readNoProxy(text: string): (host: string, port: number) => boolean {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.includes('*')) return () => true;
  const rules = words.flatMap((word) => {
    const split = splitPort(word);
    const host = split?.host.replace(/^\*?\./, '').replace(/\.$/, '');
    return split && host ? [{ host, port: split.port }] : [];
  });
  return (host, port) =>
    rules.some(
      (rule) =>
        (rule.port === undefined || rule.port === port) &&
        (host === rule.host || host.endsWith(`.${rule.host}`)),
    );
}
