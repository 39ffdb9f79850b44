import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlowError } from '../../../base/errors.ts';
import { removeTree } from '../../../base/files.ts';
import { runGit } from '../../../workspaces/git.ts';

/** The demo's repository, the one that the sample deliveries are about. */
export const DEMO_REPOSITORY = 'github-flows-demo/greeter';

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# greeter\n\nGreets whoever is named:\n\n    $ sh greet.sh Mona\n    Hello, Mona!\n',
  'AGENTS.md': 'Plain POSIX shell. Try a change with `sh greet.sh` and `sh greet.sh Mona`.\n',
  'greet.sh': '#!/bin/sh\n# Greets whoever is named.\necho "Hello, $1!"\n',
};

/** Creates the bare repository again below `root`, always with the same commit, so that its mirror stays valid. Gives its path. */
export async function makeDemoRepository(root: string): Promise<string> {
  const path = join(root, `${DEMO_REPOSITORY}.git`);
  await removeTree(path);
  await mkdir(dirname(path), { recursive: true });
  await git(['init', '--quiet', '--bare', '--initial-branch=main', '--', path]);
  await git([`--git-dir=${path}`, 'fast-import', '--quiet'], firstCommit());
  return path;
}

async function git(args: readonly string[], input?: string): Promise<void> {
  const { exitCode, stderr } = await runGit(args, input === undefined ? {} : { input });
  if (exitCode === 0) return;
  throw new FlowError({
    code: 'demo_repository_failed',
    blame: 'operator',
    message: `The demo's repository could not be created: git ended with exit code ${exitCode} (${stderr.trim()}).`,
    hint: 'Check free disk space (df -h) and that git is 2.28 or newer (git --version).',
  });
}

/** The stream format of https://git-scm.com/docs/git-fast-import */
function firstCommit(): string {
  const person = 'Mona <mona@users.noreply.github.com> 1762160000 +0000';
  const files = Object.entries(FILES).map(
    ([path, text]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`,
  );
  const message = 'Greet whoever is named';
  return `commit refs/heads/main\ncommitter ${person}\ndata ${message.length}\n${message}\n${files.join('')}\n`;
}
