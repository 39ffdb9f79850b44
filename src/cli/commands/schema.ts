import type { Command } from 'commander';
import schema from '../../profiles/profile.schema.json' with { type: 'json' };
import type { Io } from '../terminal/io.ts';
import { printJson } from '../terminal/output.ts';

/** `schema`. */
export function addSchemaCommand(program: Command, io: Io): void {
  program
    .command('schema')
    .description('Print the JSON Schema of profile.json, for editors.')
    .option('--json', 'print JSON (always)')
    .action(() => printJson(io, schema));
}
