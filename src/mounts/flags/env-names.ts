import type { Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';

const LONGEST_NAME = 256;

const AUTHOR_AND_COMMITTER = /^GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)$/;

/** Names that change how programs load or what they run before the agent does; `*` stands for anything. npm reads its own in any case. */
const REFUSED: readonly (readonly [names: string, why: string])[] = [
  [
    'LD_* DYLD_* GCONV_PATH GETCONF_DIR GLIBC_TUNABLES LOCPATH NLSPATH',
    'it changes which libraries every program loads',
  ],
  ['HOSTALIASES RESOLV_HOST_CONF RES_OPTIONS LOCALDOMAIN', 'it changes what host names mean'],
  ['PATH', 'it changes which programs run'],
  [
    'BASH_ENV ENV BASHOPTS SHELLOPTS BASH_FUNC_* BASH_LOADABLES_PATH PS4 PROMPT_COMMAND IFS CDPATH ZDOTDIR FPATH',
    'shells run or follow it when they start',
  ],
  [
    'NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE npm_config_node_options npm_config_script_shell npm_config_userconfig npm_config_globalconfig npm_config_prefix',
    'it changes what Node and npm load',
  ],
  [
    'PYTHON*STARTUP PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONINSPECT PYTHONEXECUTABLE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX',
    'it changes what Python loads',
  ],
  [
    'PERL5LIB PERLLIB PERL5OPT PERL5DB RUBYOPT RUBYLIB GEM_HOME GEM_PATH BUNDLE_GEMFILE LUA_INIT* LUA_PATH* LUA_CPATH* PHPRC PHP_INI_SCAN_DIR R_PROFILE* R_ENVIRON* JULIA_LOAD_PATH ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS',
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
  [
    'LESSOPEN LESSCLOSE SSH_ASKPASS SUDO_ASKPASS RSYNC_RSH GOFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER VIMINIT EXINIT',
    'it names a program that another one runs',
  ],
  ['GIT_*', 'it changes how git works; the names, addresses and dates of author and committer are free'],
  ['DOCKER_* CONTAINER_HOST CONTAINERD_* BUILDKIT_HOST', 'it leads programs to an engine'],
  ['GITHUB_FLOWS_*', 'the service itself sets these names for a run'],
];

/**
 * What is wrong with the name of an environment variable, for `runtime.env` and for `-e` alike: undefined, or a
 * problem `env_name_invalid` or `env_name_refused`. Values are not looked at.
 */
export function checkEnvName(name: string): Problem | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.length > LONGEST_NAME) {
    return {
      code: 'env_name_invalid',
      message: `${quoted(name)} cannot be the name of an environment variable.`,
      hint: 'Use letters, digits and underscores, and no digit at the start.',
    };
  }
  if (AUTHOR_AND_COMMITTER.test(name)) return undefined;
  const asRead = /^npm_config_/i.test(name) ? name.toLowerCase() : name;
  const row = REFUSED.find(([names]) => names.split(' ').some((pattern) => matches(pattern, asRead)));
  if (!row) return undefined;
  return {
    code: 'env_name_refused',
    message: `The environment variable ${name} is refused: ${row[1]}.`,
    hint: 'Set it in the image, or inside the handler for the one program that needs it.',
  };
}

function matches(pattern: string, name: string): boolean {
  const [start = '', end] = pattern.split('*');
  if (end === undefined) return name === pattern;
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}
