import { FlowError } from '../../../base/errors.ts';
import { printOutput } from '../../../containers/output/log-stream.ts';
import { codexLoginSpec, LOGIN_CONTAINER } from './containers.ts';
import { loginUnderWay } from './hold.ts';
import { type CodexPerson, withCodexContainer } from './person.ts';

/** Logs in to Codex, once. Throws `codex_login_failed`, `codex_login_interrupted` and the codes of `withCodexContainer`. */
export async function codexLogin(person: CodexPerson): Promise<void> {
  const container = {
    ...{ spec: codexLoginSpec, name: LOGIN_CONTAINER },
    ...{ underWay: loginUnderWay, interrupted: loginInterrupted },
  };
  const exitCode = await withCodexContainer(person, container, async (id, signal) => {
    const { engine, print } = person;
    await engine.start(id);
    await printOutput(engine, id, print, signal);
    await engine.wait(id, signal);
    return (await engine.inspect(id)).exitCode;
  });
  if (exitCode !== 0) throw loginFailed(exitCode);
}

function loginFailed(exitCode: number): FlowError {
  return new FlowError({
    code: 'codex_login_failed',
    blame: 'operator',
    message: `Codex did not log in; it ended with exit code ${exitCode} and the words above.`,
    hint: 'Allow device login in the security settings of the ChatGPT account or workspace, see that auth.openai.com can be reached from a container, and try again.',
  });
}

function loginInterrupted(): FlowError {
  return new FlowError({
    code: 'codex_login_interrupted',
    blame: 'operator',
    message: 'The login was interrupted; its container is gone, and the state is as Codex left it.',
    hint: 'Begin again with `github-flows codex login`; the code that was shown is of no more use.',
  });
}
