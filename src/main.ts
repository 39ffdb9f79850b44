import { runCli } from './cli/program.ts';

// What a command has given up waiting for must not keep it alive.
process.exit(await runCli(process.argv.slice(2)));
