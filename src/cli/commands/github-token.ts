import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { systemClock as clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { createTokenSource } from '../../credentials/github/gh-token-file.ts';
import { gitUserName } from '../../credentials/github/github-tokens.ts';
import {
  type CredentialAnswer,
  isAbout,
  isWholeQuestion,
  readQuestion,
  repositoryIn,
  writeAnswer,
} from '../../credentials/github/helper-protocol.ts';
import { createRedactor } from '../../log/redact.ts';
import type { Io } from '../terminal/io.ts';
import { plain, problemText } from '../terminal/output.ts';
import { checkRepository } from '../terminal/usage.ts';
import { quietApps } from './doctor/apps.ts';

/** The options of `github-token`. */
type TokenOptions = { repository?: string };

/** The directory of this program. Git starts a helper in any repository, whose `.env` is not the operator's. */
const OWN_DIRECTORY = fileURLToPath(new URL('../../../', import.meta.url));

/** Permissions of git's token; fewer where the App has fewer. */
const PERMISSIONS = { contents: 'write', metadata: 'read' } as const;

/** `github-token`, a credential helper of git's: https://git-scm.com/docs/gitcredentials. */
export function addGitHubTokenCommand(program: Command, io: Io): void {
  program
    .command('github-token <action>')
    .description('Answer git as a credential helper: get, store or erase. It stores nothing.')
    .option('--repository <owner/name>', 'repository to mint an App’s token for (default: the path from git)')
    .action(async (action: string, options: TokenOptions) => {
      if (options.repository !== undefined) checkRepository(options.repository);
      // Nothing is stored or erased here, and git may add more actions.
      if (action === 'get') await answerGit(io, options);
    });
}

/** After any error git asks the next helper: standard output has an answer or nothing, and the exit code is 0. */
async function answerGit(io: Io, options: TokenOptions): Promise<void> {
  try {
    const question = readQuestion(await io.readInput(isWholeQuestion));
    const config = loadConfig(io.settings(OWN_DIRECTORY), io.origin(OWN_DIRECTORY).directory);
    if (!isAbout(question, config.githubServerUrl)) return;
    const repository = options.repository ?? repositoryIn(question, config.githubServerUrl);
    io.out(writeAnswer(question, await findToken(config, repository), clock.now()));
  } catch (error) {
    io.err(plain(problemText(asFlowError(error).toOperatorProblem())));
  }
}

/** The token of the App that serves the repository, else the one in the file; without a repository only the file's. */
async function findToken(
  config: Config,
  repository: string | undefined,
): Promise<CredentialAnswer | undefined> {
  const tokenFile = join(config.secretsDir, 'gh-token');
  if (repository === undefined) {
    const password = await createTokenSource({ ghTokenFile: tokenFile, redactor: createRedactor() }).token();
    return password === undefined ? undefined : { username: 'x-access-token', password, expiresAt: null };
  }
  const want = { repository, permissions: PERMISSIONS, exact: false, tokenFile };
  const token = await quietApps(config).tokens.token(want);
  const { expiresAt = null } = token ?? {};
  return token && { username: gitUserName(token), password: token.value.reveal(), expiresAt };
}
