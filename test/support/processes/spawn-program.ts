import { type SpawnOptions, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { findHostProgram } from '../../../src/cli/commands/doctor/programs.ts';

/**
 * Starts a program in the background, as `spawn` does; the one way in which tests do so. Throws at once, in the test
 * that asks for it, when the machine has no such program, and says where programs are declared.
 */
export const spawnProgram = ((file: string, args: readonly string[], options: SpawnOptions = {}) => {
  const path = (options.env ?? process.env).PATH ?? process.env.PATH ?? '';
  if (findHostProgram(file, path.split(delimiter)) === undefined)
    throw new Error(
      `There is no program ${file} in ${path}. Programs of the host are declared in bin/programs.`,
    );
  const child = spawn(file, args, { ...options, ...(options.env && { env: cached(options.env) }) });
  child.on('error', (error) => {
    throw new Error(`${file} could not be started.`, { cause: error });
  });
  return child;
}) as typeof spawn;

/** An environment with the compile cache of the tests: without it each start of the service compiles a thousand files. */
function cached(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? env : { NODE_COMPILE_CACHE, ...env };
}
