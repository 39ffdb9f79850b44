import { join } from 'node:path';
import { inspectCodexState } from '../../../agents/codex/state/state.ts';
import { codexSummary } from '../../../agents/codex/state/summary.ts';
import type { Clock } from '../../../base/clock.ts';
import { FaultsError, type Problem } from '../../../base/errors.ts';
import type { Config } from '../../../config/config.ts';
import type { DemoModel } from './profile.ts';

/** The model of the demo, and the text about it. Throws `demo_login_unusable`. */
export async function chooseModel(
  { secretsDir }: Pick<Config, 'secretsDir'>,
  isReal: boolean,
  clock: Clock,
): Promise<{ model: DemoModel; words: string }> {
  if (!isReal) return { model: { kind: 'scripted' }, words: SCRIPTED };
  const codexState = join(secretsDir, 'codex');
  const state = await inspectCodexState(codexState, clock.now());
  if (state.problems.length > 0) throw loginUnusable(codexState, state.problems);
  return {
    model: { kind: 'real', codexState },
    words: `OpenAI's model answers, over an open network. It uses the login in ${codexSummary(state, clock.now())}.`,
  };
}

const SCRIPTED = `A SCRIPTED MODEL answers in place of OpenAI: what it "thinks" was written beforehand in
src/cli/commands/demo/script.ts. So no account is needed, and nothing leaves this machine.
Everything else is real: the service, the signed webhook, the clone, the container,
and the Codex CLI in it, which asks the script and runs the commands that it gets.`;

function loginUnusable(dir: string, problems: readonly Problem[]): FaultsError {
  return new FaultsError(
    {
      code: 'demo_login_unusable',
      blame: 'operator',
      message: `The demo cannot use OpenAI's model: no run could use the Codex login in ${dir}.`,
      hint: 'Fix the problems below, or run the demo without --real. A scripted model needs no login.',
    },
    problems,
  );
}
