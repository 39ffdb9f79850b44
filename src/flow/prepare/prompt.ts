import type { FlowEvent } from '../../events/event.ts';
import { commandArgs } from '../../events/from-delivery.ts';
import type { Profile } from '../../profiles/profile.ts';
import { resolveVariables } from '../../prompts/context.ts';
import { renderPrompt } from '../../prompts/render.ts';

/** What prompt variables may read of a run and of where it works; what an event has is known only when it comes. */
export const PROMPT_NAMES = {
  workspace: ['path', 'repository', 'branch'],
  run: ['id', 'profile', 'repository', 'deliveryId'],
} as const;

type Named<Root extends keyof typeof PROMPT_NAMES> = Record<(typeof PROMPT_NAMES)[Root][number], string>;

/** The branch that a run's clone is on. */
export function runBranch(runId: string): string {
  return `github-flows/${runId}`;
}

/** The prompt of a run, or nothing for a handler without one. Throws the codes of the prompts room. */
export function promptFor(profile: Profile, event: FlowEvent, runId: string): string {
  const { prompt, promptVariables } = profile.execution.handler;
  if (!prompt) return '';
  const values = resolveVariables(promptVariables, {
    event: event.payload,
    attributes: { ...event.attributes, commandArgs: commandArgs(event) },
    workspace: {
      path: '/workspace',
      repository: '/workspace/repo',
      branch: runBranch(runId),
    } satisfies Named<'workspace'>,
    run: {
      id: runId,
      profile: profile.path,
      repository: event.repository?.fullName ?? '',
      deliveryId: event.deliveryId,
    } satisfies Named<'run'>,
  });
  return renderPrompt({ template: prompt.text, values });
}
