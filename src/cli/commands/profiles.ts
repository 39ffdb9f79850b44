import { join } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../base/words.ts';
import { composeApps } from '../../compose/apps.ts';
import { profileChecks } from '../../compose/host.ts';
import type { Config } from '../../config/config.ts';
import { dayBudgets } from '../../flow/admission/limits.ts';
import { appSecretProblems } from '../../flow/dry-run/app-secret.ts';
import { createLogger } from '../../log/logger.ts';
import { createRedactor } from '../../log/redact.ts';
import type { Budget, Profile } from '../../profiles/profile.ts';
import { incompleteProfiles, type LoadResult, loadProfiles } from '../../profiles/read/load.ts';
import type { Io } from '../terminal/io.ts';
import { plain, printJson, printTable, problemText } from '../terminal/output.ts';
import { readConfig } from './shared/stores.ts';

/** `profiles validate|list`. */
export function addProfilesCommand(program: Command, io: Io): void {
  const profiles = program.command('profiles').description('Validate and list the profiles in PROFILES_DIR.');
  profiles
    .command('validate')
    .description(
      'Print every issue with its place and hint, and all warnings. Exit code 1 if there are issues.',
    )
    .option('--strict', 'exit code 1 also if there are warnings')
    .option('--json', 'print {profiles, defaults, issues, warnings, notes}')
    .action((options: { json?: true; strict?: true }) => show(io, options, printIssues));
  profiles
    .command('list')
    .description('List the profiles with their events, and the folders that only give defaults.')
    .option('--json', 'print {profiles, defaults, issues, warnings, notes}')
    .action((options: { json?: true }) => show(io, options, printProfiles));
}

/** Both commands fail on issues, `validate --strict` also on warnings, and print the same JSON. */
async function show(
  io: Io,
  options: { json?: true; strict?: true },
  print: (io: Io, loaded: LoadResult, notes: readonly string[]) => void,
): Promise<void> {
  const config = readConfig(io);
  const read = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
  const warnings = [...read.warnings, ...(await appSecretWarnings(config, read.profiles))];
  const loaded = { ...read, warnings };
  const issues = [...loaded.issues, ...incompleteProfiles(loaded)];
  const notes = openProfileNotes(loaded.profiles, config);
  if (options.json)
    printJson(io, {
      profiles: loaded.profiles.map(profileView),
      defaults: loaded.defaults,
      issues: issues.map(issueView),
      warnings: loaded.warnings.map(issueView),
      notes,
    });
  else print(io, { ...loaded, issues }, notes);
  if (issues.length > 0 || (options.strict && loaded.warnings.length > 0)) io.fail(1);
}

function profileView(profile: Profile) {
  return {
    path: profile.path,
    description: profile.description ?? null,
    trigger: profile.trigger,
    allow: profile.allow,
    image: profile.execution.runtime.image,
  };
}

function issueView({ code, file, path, message, hint }: LoadResult['issues'][number]) {
  return { code, file: file ?? null, path: path ?? null, message, hint };
}

function printIssues(io: Io, loaded: LoadResult, notes: readonly string[]): void {
  for (const issue of loaded.issues) io.out(problemText(issue));
  for (const warning of loaded.warnings) io.out(`Warning: ${problemText(warning)}`);
  for (const note of notes) io.out(`${note}\n`);
  printDefaults(io, loaded);
  const { profiles, issues } = loaded;
  io.out(
    issues.length > 0
      ? `${counted(issues.length, 'issue')}.\n`
      : `${counted(profiles.length, 'profile')} ${profiles.length === 1 ? 'is' : 'are'} valid.\n`,
  );
}

/** The issues have what an unfinished profile lacks. */
function printDefaults(io: Io, { defaults, issues, profiles }: LoadResult): void {
  const unfinished = new Set(incompleteProfiles({ profiles, defaults }).map(({ file }) => file));
  for (const { path, missing } of defaults)
    if (issues.length === 0 || !unfinished.has(path === '.' ? 'profile.json' : `${path}/profile.json`))
      io.out(`${plain(path)} only gives defaults: it lacks ${missing.join(', ')}.\n`);
}

function printProfiles(io: Io, loaded: LoadResult): void {
  if (loaded.profiles.length === 0) io.out('No profiles.\n');
  else
    printTable(
      io,
      ['PROFILE', 'TRIGGER', 'IMAGE'],
      loaded.profiles.map((profile) => [
        profile.path,
        JSON.stringify(profile.trigger),
        profile.execution.runtime.image,
      ]),
    );
  printDefaults(io, loaded);
  if (loaded.issues.length > 0)
    io.err(
      `${counted(loaded.issues.length, 'issue')}; github-flows profiles validate lists ${loaded.issues.length === 1 ? 'it' : 'them'}.\n`,
    );
}

/** Problems of the secrets with Apps that profiles name. Warnings, because profiles may be checked on a machine without the secrets. Uses no network. */
async function appSecretWarnings(
  config: Config,
  profiles: readonly Profile[],
): Promise<LoadResult['warnings']> {
  const naming = profiles.filter(({ credentials }) => credentials.github?.app !== undefined);
  if (naming.length === 0) return [];
  const redactor = createRedactor();
  const apps = composeApps({ config, redactor, log: createLogger({ level: 'silent', redactor }) });
  const found = naming.map(async (profile) => {
    const file = join(config.profilesDir, profile.path, 'profile.json');
    const problems = await appSecretProblems(apps.checkSecret, profile, { ask: false });
    return problems.map((problem) => ({ ...problem, file, path: '/credentials/github/app' }));
  });
  return (await Promise.all(found)).flat();
}

/** A sentence for each profile that everybody may start, with its budgets of a day. */
function openProfileNotes(profiles: readonly Profile[], config: Config): string[] {
  return profiles
    .filter(({ allow }) => allow.permission === 'any')
    .map((profile) => {
      const { actor, repository, profile: own } = dayBudgets(config.admission, profile, true);
      const words = [
        budgetText(actor, 'for each person'),
        budgetText(repository, 'for each repository'),
        budgetText(own, 'for the profile'),
      ].flatMap((each) => each ?? []);
      return `${plain(profile.path)} is open to everybody ("permission": "any"). A day has at most ${words.join(', ')}.`;
    });
}

function budgetText({ runs, minutes }: Budget, whose: string): string | undefined {
  const parts = [
    ...(runs === undefined ? [] : [counted(runs, 'run')]),
    ...(minutes === undefined ? [] : [counted(minutes, 'minute')]),
  ];
  return parts.length === 0 ? undefined : `${parts.join(' and ')} ${whose}`;
}
