import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request } from 'express';
import type { Clock } from '../base/clock.ts';
import { loginMissing, loginTooOften, loginWrong } from './admin-errors.ts';
import { createRateLimit } from './rate-limit.ts';

/** Wrong tokens one address may send in a row, and the time after which one more is allowed. */
const FAILURES = { burst: 10, regainMs: 6_000 };

/** Lets whoever has the admin's token pass; all throw `login_wrong` and `login_too_often`. */
export type Login = {
  /** Looks at an Authorization header; throws `login_missing` too. */
  header(authorization: string | undefined, address: string): void;
  /** Looks at a token that a form brought. */
  token(sent: string, address: string): void;
};

/** Logs in whoever sends `token`. What is wrong is compared in constant time and counted by address. */
export function createLogin(token: string, clock: Clock): Login {
  const wanted = digest(token);
  const failures = createRateLimit({ ...FAILURES, clock });
  const refuseTooOften = (address: string): void => {
    const waitMs = failures.waitMs(address);
    if (waitMs > 0) throw loginTooOften(Math.ceil(waitMs / 1000));
  };
  const login: Login = {
    header(authorization, address) {
      refuseTooOften(address);
      const [, sent] = /^Bearer +(\S{1,4096})$/i.exec(authorization ?? '') ?? [];
      if (sent === undefined) throw loginMissing();
      login.token(sent, address);
    },
    token(sent, address) {
      refuseTooOften(address);
      if (timingSafeEqual(digest(sent), wanted)) return;
      failures.spend(address);
      throw loginWrong();
    },
  };
  return login;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

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
