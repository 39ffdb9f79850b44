import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { FlowError } from '../../base/errors.ts';
import { formatDuration } from '../../base/text.ts';

/** What the manifest flow carries from its beginning to its end, through the browser and GitHub. */
export type FlowState = {
  /** Makes it good for one App. */
  nonce: string;
  /** The name proposed to GitHub. */
  name: string;
  /** The organisation that is to own the App, or null for the account that is signed in. */
  organisation: string | null;
  serverUrl: string;
  apiUrl: string;
  /** Where the browser comes back to: the address of the router, without a slash at its end. */
  callbackUrl: string;
  urlPattern: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
};

/** As long as GitHub keeps the code that it gives at the end: https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
const LIFE_MS = 60 * 60_000;

const MAX_CHARACTERS = 4096;

/** A state that begins now, and its signed text for an address. */
export function signState(
  key: Uint8Array,
  state: Omit<FlowState, 'nonce' | 'expiresAt'>,
  nowMs: number,
): { state: FlowState; text: string } {
  const whole = { ...state, nonce: randomBytes(16).toString('base64url'), expiresAt: nowMs + LIFE_MS };
  const body = Buffer.from(JSON.stringify(whole)).toString('base64url');
  return { state: whole, text: `${body}.${seal(key, body).toString('base64url')}` };
}

/** The state behind a text. Throws `app_state_invalid` when this installation did not sign it, `app_state_expired`. */
export function readState(key: Uint8Array | undefined, text: string, nowMs: number): FlowState {
  const [body = '', given = '', ...rest] = text.length > MAX_CHARACTERS ? [] : text.split('.');
  // Without a key nothing was ever signed.
  const wanted = seal(key ?? randomBytes(32), body);
  const seen = Buffer.from(given, 'base64url');
  const fits = rest.length === 0 && seen.length === wanted.length && timingSafeEqual(seen, wanted);
  if (!fits) throw stateInvalid();
  const state = JSON.parse(Buffer.from(body, 'base64url').toString()) as FlowState;
  if (nowMs >= state.expiresAt) throw stateExpired();
  return state;
}

function seal(key: Uint8Array, body: string): Buffer {
  return createHmac('sha256', key).update(`github-flows app state ${body}`).digest();
}

const AGAIN = 'Begin again with `github-flows app create`, and open the address that it prints.';

function stateInvalid(): FlowError {
  return new FlowError({
    code: 'app_state_invalid',
    blame: 'sender',
    message: 'This address was not made by this service, or is not whole.',
    hint: AGAIN,
  });
}

function stateExpired(): FlowError {
  return new FlowError({
    code: 'app_state_expired',
    blame: 'operator',
    message: `This address has expired: it is valid for ${formatDuration(LIFE_MS)}.`,
    hint: AGAIN,
  });
}
