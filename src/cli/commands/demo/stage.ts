import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeDirectory, type Owner, writeAtomic } from '../../../base/files.ts';
import { randomId } from '../../../base/ids.ts';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Settings } from '../../../config/settings.ts';
import type { DemoPaths } from './paths.ts';
import {
  DEMO_PROFILE,
  DEMO_PROMPT,
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
