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
    .description('Manage GitHub Apps, which mint tokens for single repositories.');
  app
    .command('add')
    .description('Store an App that exists on GitHub.')
    .option('--app-id <id>', 'App id', idOption)
    .option('--client-id <id>', 'client id; one of the two is required')
    .option('--key-file <file>', 'private key file from GitHub; - reads standard input')
    .option(
      '--installation-id <id>',
      'use only this installation; any (default) uses the installation of each repository',
      installationOption,
    )
    .option('--api-url <url>', 'API of its host (default: GITHUB_API_URL)')
    .option('--username <login>', 'login of the App, and the user name that git sends with its tokens')
    .option('--url-pattern <pattern>', 'regular expression for repository URLs, with a group named baseUrl')
    .option('--webhook-secret-file <file>', 'file with the webhook secret; - reads standard input')
    .option(
      '--file <file>',
      'file with the whole App as {"githubAppInstallation": …}; - reads standard input',
    )
    .option('--json', 'print JSON')
    .action(async (options: AddOptions) => await addApp(io, options));
  app
    .command('create')
    .description('Create an App on GitHub and store its credentials.')
    .option('--org <login>', 'organisation that will own the App (default: your account)')
    .option('--name <name>', 'name to propose')
    .option('--server-url <url>', 'address of a GitHub Enterprise Server (default: GITHUB_SERVER_URL)')
    .option('--api-url <url>', 'API of that server (default: derived from its address)')
    .option('--url-pattern <pattern>', 'regular expression for repository URLs, with a group named baseUrl')
    .option('--callback-url <url>', 'address at which your browser reaches the admin listener')
    .option('--no-wait', 'print the address and exit; the service does the rest')
    .option('--json', 'print JSON')
    .action(async (options: CreateOptions) => await createApp(io, options));
  app
    .command('list')
    .description('List the Apps, the remaining life of their tokens, and their last errors.')
    .option('--json', 'print one JSON array')
    .action(async (options: { json?: true }) => await listApps(io, options.json === true));
  app
    .command('remove <app>')
    .description('Remove an App and its key from the store; GitHub keeps both.')
    .option('--json', 'print JSON')
    .action(
      async (name: string, options: { json?: true }) => await removeApp(io, name, options.json === true),
    );
  app
    .command('test [app]')
    .description(
      'Sign in as an App (default: each App), mint a token, and report its repositories and missing rights.',
    )
    .option('--repository <owner/name>', 'also report which App or token file serves this repository')
    .option('--json', 'print one JSON array')
    .action(async (name: string | undefined, options: TestOptions) => await testApps(io, name, options));
}
