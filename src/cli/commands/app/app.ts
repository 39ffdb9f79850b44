import type { Command } from 'commander';
import type { Io } from '../../terminal/io.ts';
import { idOption, installationOption } from '../../terminal/usage.ts';
import { type AddOptions, addApp } from './add.ts';
import { type CreateOptions, createApp } from './create.ts';
import { listApps } from './list.ts';
import { removeApp } from './remove.ts';
import { type TestOptions, testApps } from './test.ts';

/** `app add|create|list|remove|test`. */
export function addAppCommand(program: Command, io: Io): void {
  const app = program
    .command('app')
    .description('GitHub Apps: where tokens for single repositories come from.');
  app
    .command('add')
    .description('Store an App that is on GitHub already.')
    .option('--app-id <id>', 'its App id', idOption)
    .option('--client-id <id>', 'its client id; one of the two is needed')
    .option('--key-file <file>', 'its private key as GitHub gave it; - reads standard input')
    .option(
      '--installation-id <id>',
      'use this installation alone, or any: each repository’s own, which is so unless given',
      installationOption,
    )
    .option('--api-url <url>', 'the API of its host; GITHUB_API_URL unless given')
    .option('--username <login>', 'the login it acts under, and git’s user name beside its tokens')
    .option('--url-pattern <pattern>', 'which repositories may use it, with a group named baseUrl')
    .option('--webhook-secret-file <file>', 'the secret of its webhook; - reads standard input')
    .option('--file <file>', 'all of it as {"githubAppInstallation": …}; - reads standard input')
    .option('--json', 'print JSON')
    .action(async (options: AddOptions) => await addApp(io, options));
  app
    .command('create')
    .description('Have GitHub make an App, and store what it hands back.')
    .option('--org <login>', 'the organisation that is to own it; unset, the account you are signed in with')
    .option('--name <name>', 'the name to propose')
    .option('--server-url <url>', 'a GitHub Enterprise Server; GITHUB_SERVER_URL unless given')
    .option('--api-url <url>', 'the API of that server; told from its address unless given')
    .option('--url-pattern <pattern>', 'which repositories may use it, with a group named baseUrl')
    .option('--callback-url <url>', 'where your browser reaches the admin listener')
    .option('--no-wait', 'print the address and leave the rest to the service')
    .option('--json', 'print JSON')
    .action(async (options: CreateOptions) => await createApp(io, options));
  app
    .command('list')
    .description('The Apps, their tokens’ remaining life, and what failed last.')
    .option('--json', 'print one JSON array')
    .action(async (options: { json?: true }) => await listApps(io, options.json === true));
  app
    .command('remove <app>')
    .description('Forget an App with its key; at GitHub nothing changes.')
    .option('--json', 'print JSON')
    .action(
      async (name: string, options: { json?: true }) => await removeApp(io, name, options.json === true),
    );
  app
    .command('test [app]')
    .description(
      'Sign in as each App or the one that is named, mint, and say what it reaches and what it lacks.',
    )
    .option('--repository <owner/name>', 'also say which App or token file serves this repository')
    .option('--json', 'print one JSON array')
    .action(async (name: string | undefined, options: TestOptions) => await testApps(io, name, options));
}
