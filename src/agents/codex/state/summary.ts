import type { CodexState } from './state.ts';

const MODES: Record<CodexState['mode'], string> = {
  none: 'no login',
  'api-key': 'API key',
  chatgpt: 'ChatGPT login',
  'chatgpt-tokens': 'ChatGPT login without a refresh token',
};

const SOON_MS = 30 * 60_000;

/** A Codex state in one line: login, account, expiry, model. */
export function codexSummary(state: CodexState, nowMs: number): string {
  const parts = [`${state.dir}: ${MODES[state.mode]}`];
  if (state.account?.email) parts.push(`of ${state.account.email}`);
  if (state.accessExpiresAt !== null) {
    parts.push(remaining(state.accessExpiresAt - nowMs));
    if (state.isRenewable && state.accessExpiresAt - nowMs < SOON_MS)
      parts.push('the service renews it before the next run');
  }
  if (state.model) parts.push(`model ${state.model}`);
  return parts.join(', ');
}

function remaining(ms: number): string {
  if (ms <= 0) return 'access token expired';
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `access token valid for ${minutes} min`;
  return minutes < 2880
    ? `access token valid for ${Math.floor(minutes / 60)} h`
    : `access token valid for ${Math.floor(minutes / 1440)} days`;
}
