import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { loginMissing, loginTooOften, loginWrong } from './admin-errors.ts';

/** Wrong tokens one address may send in a row, and the time after which one more is allowed. */
const FAILURES = { most: 10, regainMs: 6_000 };

/** Addresses remembered; the one that failed longest ago is forgotten first. */
const MAX_ADDRESSES = 10_000;

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
  const failures = createFailures(clock);
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
      failures.add(address);
      throw loginWrong();
    },
  };
  return login;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Failures by address, each forgotten after `regainMs`. */
function createFailures(clock: Clock) {
  const found = new Map<string, { count: number; at: number }>();
  const current = (address: string): { count: number; at: number } => {
    const { count, at } = found.get(address) ?? { count: 0, at: clock.now() };
    // A clock that was set back must not lock anybody out for longer.
    const passed = Math.max(0, Math.floor((clock.now() - at) / FAILURES.regainMs));
    const from = at > clock.now() ? clock.now() : at + passed * FAILURES.regainMs;
    return { count: Math.max(0, count - passed), at: from };
  };
  return {
    waitMs(address: string): number {
      const { count, at } = current(address);
      return count < FAILURES.most ? 0 : Math.max(1, at + FAILURES.regainMs - clock.now());
    },
    add(address: string): void {
      const { count, at } = current(address);
      found.delete(address);
      found.set(address, { count: count + 1, at: count === 0 ? clock.now() : at });
      const oldest = found.keys().next().value;
      if (found.size > MAX_ADDRESSES && oldest !== undefined) found.delete(oldest);
    },
  };
}
