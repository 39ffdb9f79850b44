import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeDirectory, type Owner, writeAtomic } from '../../../base/files.ts';
import { randomId } from '../../../base/ids.ts';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Settings } from '../../../config/settings.ts';
import type { DemoPlaces } from './paths.ts';
import {
  DEMO_PROFILE,
  DEMO_PROMPT,
  type DemoModel,
  demoProfile,
  MODEL_SOCKET_IN_CONTAINER,
} from './profile.ts';
import { scriptedModelConfig } from './script.ts';

/** A token of no account: the demo's git and gh reach nobody. */
const TOKEN = 'this-token-belongs-to-no-account';

/** Options of the operator's that hold for the demo too. */
const TAKEN = ['DOCKER_HOST', 'PORT'] as const;

/** The demo's settings, as they would stand in its `.env`: with a webhook secret that is new each time. */
export function demoSettings(settings: Settings, places: DemoPlaces, runAs: Owner): Record<string, string> {
  const taken = TAKEN.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []));
  return {
    PORT: '0',
    ADMIN_PORT: '0',
    RECOVER_MISSED: 'off',
    ...Object.fromEntries(taken),
    HOST: '127.0.0.1',
    WEBHOOK_SECRET: randomId(40),
    PROFILES_DIR: './profiles',
    SECRETS_DIR: './secrets',
    VAR_DIR: './var',
    RUN_DIR: './run',
    GITHUB_SERVER_URL: pathToFileURL(places.repositories).href,
    RUN_AS: `${runAs.uid}:${runAs.gid}`,
    RUN_GRACE_SEC: '2',
    KEEP_FAILED_HOURS: '1',
  };
}

/** Settings as a configuration; throws `config_invalid`. */
export function demoConfig(settings: Settings, places: DemoPlaces): Config {
  return loadConfig(settings, places.dir);
}

/** Writes the settings where the command line finds them when it is started in the demo's directory. */
export async function writeSettings(places: DemoPlaces, settings: Record<string, string>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => {
    const quote = value.includes("'") ? '"' : "'";
    return `${name}=${quote}${value}${quote}\n`;
  });
  await writeAtomic(places.settings, lines.join(''), { mode: 0o600 });
}

/** Writes profile, prompt, token and Codex state. */
export async function writeStage(places: DemoPlaces, model: DemoModel): Promise<void> {
  const profile = join(places.profiles, DEMO_PROFILE);
  const codex = join(places.secrets, 'codex');
  for (const dir of [profile, codex, places.varDir]) await makeDirectory(dir, { mode: 0o700 });
  const text = `${JSON.stringify(demoProfile(places, model), null, 2)}\n`;
  await writeAtomic(join(profile, 'profile.json'), text, { mode: 0o600 });
  await writeAtomic(join(profile, 'prompt.md'), DEMO_PROMPT, { mode: 0o600 });
  await writeAtomic(join(places.secrets, 'gh-token'), `${TOKEN}\n`, { mode: 0o600 });
  const config = scriptedModelConfig(MODEL_SOCKET_IN_CONTAINER);
  await writeAtomic(join(codex, 'config.toml'), config, { mode: 0o600 });
}
