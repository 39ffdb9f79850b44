import type { Clock } from '../../base/clock.ts';
import type { Plan } from '../../containers/plan.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { CodexRefresh } from './codex-refresh.ts';

/** What renewing takes from the rest of the service. */
export type RenewParts = { codexRefresh: CodexRefresh; runs: RunStore; clock: Clock };

/** Credentials whose names say that no Codex login is in them. */
const OTHERS = ['gh-token', 'claude', 'gemini'];

/**
 * Sees to it that every Codex login which the run gets a share of lasts until the run's deadline, before the share is
 * taken; the timeline says so while it waits. Throws the codes of `CodexRefresh.ensure`, or the signal's reason.
 */
export async function renewLogins(
  { codexRefresh, runs, clock }: RenewParts,
  { run, plan }: { run: Run; plan: Plan },
  signal: AbortSignal,
): Promise<void> {
  const states = plan.mounts.filter(({ kind, name }) => isState(kind) && mayHoldLogin(name));
  for (const { source } of states) {
    if (source === null) continue;
    await codexRefresh.ensure(source, {
      untilMs: clock.now() + plan.limits.timeoutSec * 1000,
      signal,
      note: async (text) => await runs.note(run.id, { kind: 'credential', text }),
    });
  }
}

/** Whether the credential of this name may be a Codex login, so that it is not read before logins were renewed. */
export function mayHoldLogin(name: string | undefined): boolean {
  return !OTHERS.includes(name ?? '');
}

function isState(kind: Plan['mounts'][number]['kind']): boolean {
  return kind === 'agent-state' || kind === 'credential';
}
