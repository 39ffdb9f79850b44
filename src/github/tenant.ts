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
