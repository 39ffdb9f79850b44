import { isIP } from 'node:net';
import type { Request } from 'express';

/**
 * Who sent a request. A proxy on this machine is believed about the address, so that an outside user's wrong
 * logins close the door to that user alone. Nobody else is believed.
 */
export function clientAddress(request: Request): string {
  const address = request.ip ?? '';
  return isIP(address) === 0 ? (request.socket.remoteAddress ?? '') : address;
}

/** What express calls the proxies that are believed: https://expressjs.com/en/guide/behind-proxies.html */
export const TRUSTED_PROXIES = 'loopback';
