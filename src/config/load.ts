import { type Fault, FaultsError } from '../base/errors.ts';
import { tenantOf } from '../github/tenant.ts';
import { completeConfig } from './complete.ts';
import type { Config } from './config.ts';
import { OPTIONS, type OptionName, type Options } from './options.ts';
import { readOption } from './read-option.ts';
import type { Settings } from './settings.ts';

/** All options read, checked and completed. Throws `config_invalid` with every fault at once. */
export function loadConfig(settings: Settings, directory: string): Config {
  const faults: Fault[] = [];
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const option of OPTIONS) {
    const text = settings[option.name] || ofTenant(option.name, settings) || option.default;
    if (text === null || text === '') continue;
    const read = readOption(option, text, directory);
    if ('message' in read) faults.push({ ...read, path: option.name });
    else values[option.name] = read.value;
  }
  // Each was read as its row says; those that are absent have no default, or are among the faults.
  const options = values as Options;
  faults.push(...tenantFaults(options));
  if (faults.length > 0) throw configInvalid(faults);
  return completeConfig(options, settings);
}

/** On a tenant of GitHub Enterprise Cloud each of the two addresses follows from the other. */
function ofTenant(name: OptionName, settings: Settings): string | undefined {
  if (name === 'GITHUB_API_URL') return tenantOf(settings.GITHUB_SERVER_URL ?? '')?.apiUrl;
  return name === 'GITHUB_SERVER_URL' ? tenantOf(settings.GITHUB_API_URL ?? '')?.serverUrl : undefined;
}

/** A tenant's server with the API of github.com, or the other way round. */
function tenantFaults({
  GITHUB_API_URL: api = '',
  GITHUB_SERVER_URL: server = '',
}: Partial<Options>): Fault[] {
  const wrong = (path: OptionName, is: string, wanted: string): Fault => ({
    code: 'option_invalid',
    path,
    message: `${path} is ${JSON.stringify(is)}, and should be ${wanted}: the two addresses of GitHub are of different servers.`,
    hint: `Write ${path}=${wanted}, or remove it.`,
  });
  if (api === 'https://api.github.com' && tenantOf(server))
    return [wrong('GITHUB_API_URL', api, tenantOf(server)?.apiUrl ?? '')];
  if (server === 'https://github.com' && tenantOf(api))
    return [wrong('GITHUB_SERVER_URL', server, tenantOf(api)?.serverUrl ?? '')];
  const [one, other] = [tenantOf(api), tenantOf(server)];
  return one && other && one.apiUrl !== other.apiUrl ? [wrong('GITHUB_API_URL', api, other.apiUrl)] : [];
}

function configInvalid(faults: readonly Fault[]): FaultsError {
  return new FaultsError(
    {
      code: 'config_invalid',
      blame: 'operator',
      message: `${faults.length === 1 ? 'One option is not as it' : `${faults.length} options are not as they`} should be.`,
      hint: 'Fix each option named below in the environment or in .env; docs/configuration.md lists them all.',
    },
    faults,
  );
}
