import { runCli } from './cli/program.ts';

const code = await runCli(process.argv.slice(2));
// All that was written is read before the end; what a command has given up waiting for must not keep it alive after that.
for (const stream of [process.stdout, process.stderr])
  await new Promise((resolve) => stream.write('', resolve));
process.exit(code);
