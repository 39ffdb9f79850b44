import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlowError } from '../../../base/errors.ts';
import { makeDirectory, type Owner, removeTree, writeAtomic } from '../../../base/files.ts';
import { randomId } from '../../../base/ids.ts';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Settings } from '../../../config/settings.ts';
import { runGit } from '../../../workspaces/git.ts';
import type { DemoPaths } from './paths.ts';
import {
  DEMO_PROFILE,
  DEMO_PROMPT,
  DEMO_REPOSITORY,
  type DemoModel,
  demoProfile,
  MODEL_SOCKET_IN_CONTAINER,
} from './profile.ts';
import { scriptedModelConfig } from './script.ts';

/** A token without an account: the demo's git and gh reach no server. */
const TOKEN = 'this-token-belongs-to-no-account';

/** Options of the operator that apply to the demo too. */
const TAKEN = ['DOCKER_HOST', 'PORT'] as const;

/** The demo's settings as in a `.env`, with a new webhook secret each time. */
export function demoSettings(settings: Settings, paths: DemoPaths, runAs: Owner): Record<string, string> {
  const taken = TAKEN.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []));
  return {
    PORT: '0',
    ADMIN_PORT: '0',
    REDELIVER_MISSED: 'off',
    ...Object.fromEntries(taken),
    HOST: '127.0.0.1',
    WEBHOOK_SECRET: randomId(40),
    PROFILES_DIR: './profiles',
    SECRETS_DIR: './secrets',
    VAR_DIR: './var',
    RUN_DIR: './run',
    GITHUB_SERVER_URL: pathToFileURL(paths.repositories).href,
    RUN_AS: `${runAs.uid}:${runAs.gid}`,
    RUN_GRACE_SEC: '2',
    KEEP_FAILED_HOURS: '1',
  };
}

/** Settings as a configuration; throws `config_invalid`. */
export function demoConfig(settings: Settings, paths: DemoPaths): Config {
  return loadConfig(settings, paths.dir);
}

/** Writes the settings for commands that start in the demo's directory. */
export async function writeSettings(paths: DemoPaths, settings: Record<string, string>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => {
    const quote = value.includes("'") ? '"' : "'";
    return `${name}=${quote}${value}${quote}\n`;
  });
  await writeAtomic(paths.settings, lines.join(''), { mode: 0o600 });
}

/** Writes profile, prompt, token and Codex state. */
export async function writeStage(paths: DemoPaths, model: DemoModel): Promise<void> {
  const profile = join(paths.profiles, DEMO_PROFILE);
  const codex = join(paths.secrets, 'codex');
  for (const dir of [profile, codex, paths.varDir]) await makeDirectory(dir, { mode: 0o700 });
  const text = `${JSON.stringify(demoProfile(paths, model), null, 2)}\n`;
  await writeAtomic(join(profile, 'profile.json'), text, { mode: 0o600 });
  await writeAtomic(join(profile, 'prompt.md'), DEMO_PROMPT, { mode: 0o600 });
  await writeAtomic(join(paths.secrets, 'gh-token'), `${TOKEN}\n`, { mode: 0o600 });
  const config = scriptedModelConfig(MODEL_SOCKET_IN_CONTAINER);
  await writeAtomic(join(codex, 'config.toml'), config, { mode: 0o600 });
}

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
