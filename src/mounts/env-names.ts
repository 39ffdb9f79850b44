import type { Problem } from '../base/errors.ts';
import { shown } from './text.ts';

const LONGEST_NAME = 256;

const AUTHOR_AND_COMMITTER = /^GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)$/;

/** Names that change how programs load or what they run before the agent does; `*` stands for anything. */
const REFUSED: readonly (readonly [names: string, why: string])[] = [
  ['LD_* DYLD_* GCONV_PATH GLIBC_TUNABLES LOCPATH', 'it changes which libraries every program loads'],
  ['PATH', 'it changes which programs run'],
  [
    'BASH_ENV ENV BASHOPTS SHELLOPTS BASH_FUNC_* PS4 PROMPT_COMMAND IFS ZDOTDIR FPATH',
    'shells run or obey it as they start',
  ],
  [
    'NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE npm_config_node_options NPM_CONFIG_NODE_OPTIONS npm_config_script_shell NPM_CONFIG_SCRIPT_SHELL',
    'it changes what Node and npm load',
  ],
  [
    'PYTHON*STARTUP PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONINSPECT PYTHONEXECUTABLE PYTHONPLATLIBDIR',
    'it changes what Python loads',
  ],
  [
    'PERL5LIB PERLLIB PERL5OPT PERL5DB RUBYOPT RUBYLIB LUA_INIT* PHPRC PHP_INI_SCAN_DIR R_PROFILE*',
    'it changes what an interpreter loads',
  ],
  [
    'JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH DOTNET_STARTUP_HOOKS CORECLR_* COR_*',
    'it changes what a virtual machine loads',
  ],
  [
    'OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES GTK_MODULES GIO_MODULE_DIR',
    'it changes which modules a library loads',
  ],
  ['LESSOPEN SSH_ASKPASS', 'it names a program that another one runs'],
  ['GIT_*', 'it changes how git works; the names, addresses and dates of author and committer are free'],
  ['DOCKER_* CONTAINER_HOST', 'it leads programs to an engine'],
  ['GITHUB_FLOWS_*', 'the service itself tells a run about it by these names'],
];

/**
 * What is wrong with the name of an environment variable, for `runtime.env` and for `-e` alike: undefined, or a
 * problem `env_name_invalid` or `env_name_refused`. Values are not looked at.
 */
export function checkEnvName(name: string): Problem | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.length > LONGEST_NAME) {
    return {
      code: 'env_name_invalid',
      message: `${shown(name)} cannot be the name of an environment variable.`,
      mend: 'Use letters, digits and underscores, and no digit at the start.',
    };
  }
  if (AUTHOR_AND_COMMITTER.test(name)) return undefined;
  const row = REFUSED.find(([names]) => names.split(' ').some((pattern) => matches(pattern, name)));
  if (!row) return undefined;
  return {
    code: 'env_name_refused',
    message: `The environment variable ${name} is refused: ${row[1]}.`,
    mend: 'Set it in the image, or inside the handler for the one program that needs it.',
  };
}

function matches(pattern: string, name: string): boolean {
  const [start = '', end] = pattern.split('*');
  if (end === undefined) return name === pattern;
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}
