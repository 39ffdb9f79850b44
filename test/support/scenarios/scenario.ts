import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitHubApi, Misbehaviour } from '../github/api.ts';
import { changed, exampleOf, unlikeGitHub } from '../github/payload-shapes.ts';

/**
 * One delivery: an example of GitHub's own payloads (`like`: `<event>/<number>` of @octokit/webhooks-examples) and what
 * is different in it. A text `<ref>` stands for the commit of that ref, `<run 1>` within a text for the first run.
 * The next one comes when this one has gone as far as `until` says.
 */
export type ScenarioDelivery = {
  like: string;
  changes?: Record<string, never>;
  /** `settled` (the default): nothing goes on any more, and all is said. `running`: its run's agent has begun. `decided`: no more than that. `sent`: not even that. */
  until?: 'sent' | 'decided' | 'running' | 'settled';
  /** The number of an earlier delivery that this one is sent again as, with the same id and body. */
  again?: number;
};

/** What the stand-in for GitHub knows, and the faults it has; all of it optional. */
export type ScenarioGitHub = {
  /** Roles by login; nobody has one otherwise. */
  permissions?: Record<string, string>;
  /** Who belongs to the repository though their role is no more than to read. */
  collaborators?: string[];
  teams?: GitHubApi['talk']['teams'];
  pulls?: { number: number; ref: string; repository?: string; base?: string; state?: 'open' | 'closed' }[];
  comments?: GitHubApi['comments'];
  /** The comments of discussions, by their global ids. */
  discussions?: GitHubApi['discussions']['comments'];
  /** Files by ref, on top of the default branch; a text is the name of another ref. Refs without a slash are branches, `pull/…` lie below `refs`. */
  refs?: Record<string, Record<string, string> | string>;
  /** Answers that GitHub gives instead, to requests whose `METHOD path` fits `at`. */
  faults?: { at: string; how: Misbehaviour; times?: number }[];
  /** Whether there is a `gh-token` file; there is. */
  token?: boolean;
  /** What an App of the service may do in the repository; without, no App serves it. */
  app?: Record<string, string>;
};

/** A folder of test/scenarios. */
export type Scenario = {
  name: string;
  /** What it shows, in a sentence. */
  title: string;
  /** `long`: played at the long size alone, because another scenario shows most of it. */
  size?: 'long';
  deliveries: ScenarioDelivery[];
  github: ScenarioGitHub;
  /** Options of the service, as in its environment. */
  settings: Record<string, string>;
  /** Texts of the files below `profiles`, by path. */
  profiles: Record<string, string>;
  expected: string;
};

/** The scenarios in a directory. */
export function readScenarios(directory: string): Scenario[] {
  const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => readScenario(join(directory, name), name));
}

function readScenario(folder: string, name: string): Scenario {
  const profiles = join(folder, 'profiles');
  const files = readdirSync(profiles, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.\w+$/.test(file),
  );
  const { title, size, deliveries, settings = {} } = readJson(join(folder, 'delivery.json')) as Scenario;
  const github = join(folder, 'github.json');
  return {
    name,
    title,
    ...(size && { size }),
    deliveries,
    settings,
    github: existsSync(github) ? (readJson(github) as ScenarioGitHub) : {},
    profiles: Object.fromEntries(files.map((file) => [file, readFileSync(join(profiles, file), 'utf8')])),
    expected: join(folder, 'expected.json'),
  };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The event of a delivery and its payload; `known` gives commits and runs for their placeholders. Throws when GitHub would send nothing like it. */
export function payloadOf(
  { like, changes = {} }: ScenarioDelivery,
  known: (placeholder: string) => string | undefined,
): { event: string; payload: Record<string, unknown> } {
  const event = like.split('/')[0] ?? '';
  const wrong = unlikeGitHub(event, changes);
  if (wrong.length > 0) throw new Error(`GitHub never sends this in ${event}: ${wrong.join(', ')}`);
  const text = JSON.stringify(changed(exampleOf(like), changes));
  const filled = text.replaceAll(
    /<[a-z]+[ a-z0-9/._-]*>/g,
    (placeholder) => known(placeholder) ?? placeholder,
  );
  return { event, payload: JSON.parse(filled) };
}
