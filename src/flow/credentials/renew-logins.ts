import type { Agent, LoginRenewal } from '../../agents/agent.ts';
import type { Clock } from '../../base/clock.ts';
import type { Plan } from '../../containers/plan.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { TOKEN_NAME } from '../github/github-credential.ts';

/** What renewing takes from the rest of the service; `renewals` are found by the name of their agent. */
export type RenewParts = {
  agents: readonly Agent[];
  renewals: ReadonlyMap<string, LoginRenewal>;
  runs: RunStore;
  clock: Clock;
};

/**
 * Sees to it that every login which the run gets a share of lasts until the run's deadline, before the share is taken;
 * the timeline says so while it waits. Throws the codes of `LoginRenewal.ensure`, or the signal's reason.
 */
export async function renewLogins(
  parts: RenewParts,
  { run, plan }: { run: Run; plan: Plan },
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, name, source } of plan.mounts) {
    if ((kind !== 'agent-state' && kind !== 'credential') || source === null) continue;
    for (const renewal of renewalsOf(parts, name))
      await renewal.ensure(source, {
        untilMs: parts.clock.now() + plan.limits.timeoutSec * 1000,
        signal,
        note: async (text) => await parts.runs.note(run.id, { kind: 'credential', text }),
      });
  }
}

/** What may renew the credential of this name: its agent's, or any when the name is no agent's. Until then it is not read. */
export function renewalsOf(
  { agents, renewals }: Pick<RenewParts, 'agents' | 'renewals'>,
  credential: string | undefined,
): LoginRenewal[] {
  const isKnown = credential === TOKEN_NAME || agents.some(({ name }) => name === credential);
  return [...renewals].filter(([agent]) => !isKnown || agent === credential).map(([, renewal]) => renewal);
}
