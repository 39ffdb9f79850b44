/** A host of GitHub Enterprise Cloud with data residency, or of its API; `auth.ghe.com` is everybody's. */
const TENANT = /^(?:api\.)?([a-z0-9-]+)\.ghe\.com$/;

/** Where the tenant of an address (`https://octo.ghe.com`) and its API are. */
type Tenant = { serverUrl: string; apiUrl: string };

/**
 * The tenant that an address belongs to, whether it is its server's, its API's, or what the API would be on a GitHub
 * Enterprise Server (`https://octo.ghe.com/api/v3`); undefined for any other host.
 * https://docs.github.com/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
 */
export function tenantOf(address: string): Tenant | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const name = url && /^https?:$/.test(url.protocol) ? TENANT.exec(url.hostname)?.[1] : undefined;
  if (name === undefined || name === 'api' || name === 'auth') return undefined;
  return { serverUrl: `https://${name}.ghe.com`, apiUrl: `https://api.${name}.ghe.com` };
}

/** The web address that belongs to an API: https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api */
export function serverOf(apiUrl: string): string {
  const { origin, hostname } = new URL(apiUrl);
  if (hostname === 'api.github.com') return 'https://github.com';
  return tenantOf(apiUrl)?.serverUrl ?? origin.replace('://api.', '://');
}

/** The API that belongs to a web address. */
export function apiOf(serverUrl: string): string {
  if (new URL(serverUrl).hostname === 'github.com') return 'https://api.github.com';
  return tenantOf(serverUrl)?.apiUrl ?? `${serverUrl.replace(/\/+$/, '')}/api/v3`;
}
