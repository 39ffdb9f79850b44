import type { Agent } from './agent.ts';

/** Whose logins runs of a profile get a share of: the keys of its `credentials` that name agents. */
export type LoginGrants = { codex: boolean };

/** What a profile says, with false for what it does not say. */
export function loginGrants({ codex = false }: Partial<LoginGrants> = {}): LoginGrants {
  return { codex };
}

/** The agents whose login is granted. */
export function grantedAgents(grants: LoginGrants, agents: readonly Agent[]): Agent[] {
  return agents.filter(({ name }) => Reflect.get(grants, name) === true);
}
