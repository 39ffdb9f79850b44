import type { Command } from 'commander';
import { counted } from '../../base/words.ts';
import { profileChecks } from '../../compose/host.ts';
import type { Profile } from '../../profiles/profile.ts';
import { incompleteProfiles } from '../../profiles/read/incomplete.ts';
import { type LoadResult, loadProfiles } from '../../profiles/read/load.ts';
import type { Io } from '../terminal/io.ts';
import { plain, printJson, printTable, problemText } from '../terminal/output.ts';
import { appSecretWarnings } from './app-secret-warnings.ts';
import { openProfileNotes } from './open-profiles.ts';
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
    .option('--json', 'print {profiles, defaults, faults, warnings, notes}')
    .action((options: { json?: true; strict?: true }) => show(io, options, printFaults));
  profiles
    .command('list')
    .description('List the profiles with their events, and the folders that only give defaults.')
    .option('--json', 'print {profiles, defaults, faults, warnings, notes}')
    .action((options: { json?: true }) => show(io, options, printProfiles));
}

/** Both commands fail when there are faults, `validate --strict` also when there are warnings, and print the same for programs. */
async function show(
  io: Io,
  options: { json?: true; strict?: true },
  print: (io: Io, loaded: LoadResult, notes: readonly string[]) => void,
): Promise<void> {
  const config = readConfig(io);
  const read = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
  const warnings = [...read.warnings, ...(await appSecretWarnings(config, read.profiles))];
  const loaded = { ...read, warnings };
  const faults = [...loaded.faults, ...incompleteProfiles(loaded)];
  const notes = openProfileNotes(loaded.profiles, config);
  if (options.json)
    printJson(io, {
      profiles: loaded.profiles.map(profileView),
      defaults: loaded.defaults,
      faults: faults.map(faultView),
      warnings: loaded.warnings.map(faultView),
      notes,
    });
  else print(io, { ...loaded, faults }, notes);
  if (faults.length > 0 || (options.strict && loaded.warnings.length > 0)) io.fail(1);
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

function faultView({ code, file, path, message, hint }: LoadResult['faults'][number]) {
  return { code, file: file ?? null, path: path ?? null, message, hint };
}

function printFaults(io: Io, loaded: LoadResult, notes: readonly string[]): void {
  for (const fault of loaded.faults) io.out(problemText(fault));
  for (const warning of loaded.warnings) io.out(`Warning: ${problemText(warning)}`);
  for (const note of notes) io.out(`${note}\n`);
  printDefaults(io, loaded);
  const { profiles, faults } = loaded;
  io.out(
    faults.length > 0
      ? `${counted(faults.length, 'fault')}.\n`
      : `${counted(profiles.length, 'profile')} ${profiles.length === 1 ? 'is' : 'are'} valid.\n`,
  );
}

/** What an unfinished profile lacks stands among the faults. */
function printDefaults(io: Io, { defaults, faults, profiles }: LoadResult): void {
  const unfinished = new Set(incompleteProfiles({ profiles, defaults }).map(({ file }) => file));
  for (const { path, missing } of defaults)
    if (faults.length === 0 || !unfinished.has(path === '.' ? 'profile.json' : `${path}/profile.json`))
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
  if (loaded.faults.length > 0)
    io.err(
      `${counted(loaded.faults.length, 'fault')}; github-flows profiles validate tells ${loaded.faults.length === 1 ? 'it' : 'them'}.\n`,
    );
}
