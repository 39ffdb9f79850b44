import { asFlowError, FlowError, type Problem } from '../../base/errors.ts';
import { tokenIn } from '../../log/token-shapes.ts';
import type { Policy } from '../../policy/policy.ts';
import {
  argumentNotAFlag,
  argumentNotText,
  argumentUnreadable,
  flagUnknown,
  flagValueMissing,
  tooManyArguments,
} from '../errors.ts';
import type { DockerArgs, MountArg } from '../mount.ts';
import { hasControlCharacters } from '../paths.ts';
import { adviceFor } from './refused-flags.ts';

/** How a known flag is written: its long name without dashes, its letter if it has one, whether a value follows. */
export type FlagForm = { name: string; letter?: string; boolean?: true };

/** One flag with its value as given, `index` being its place in dockerArgs; a boolean without value has `true`. */
export type FlagUse = { name: string; value: string; index: number; asWritten: string };

const MAX_ARGUMENT_CHARACTERS = 32_768;
const MAX_ARGUMENTS = 1000;

/**
 * Splits dockerArgs into flags with their values, by the rules of `docker run`: `--flag value`, `--flag=value`,
 * `-f value`, `-fvalue`, `-f=value`, and booleans `--flag`, `--flag=true|false`. A problem carries the place of its
 * argument, and what it is about is left out.
 */
export function readFlags(
  args: readonly unknown[],
  forms: readonly FlagForm[],
): { uses: FlagUse[]; problems: (Problem & { index: number })[] } {
  if (args.length > MAX_ARGUMENTS) {
    const problem = tooManyArguments(args.length, MAX_ARGUMENTS).toProblem();
    return { uses: [], problems: [{ ...problem, index: MAX_ARGUMENTS }] };
  }
  const uses: FlagUse[] = [];
  const problems: (Problem & { index: number })[] = [];
  let next = 0;
  const take = (): unknown => args[next++];
  while (next < args.length) {
    const index = next;
    try {
      const arg = readText(take());
      const { form, flag, value } = readHead(arg, forms);
      if (value !== undefined || form.boolean) {
        uses.push({ name: form.name, value: value ?? 'true', index, asWritten: arg });
      } else {
        if (next >= args.length || looksLikeFlag(args[next])) throw flagValueMissing(flag);
        const text = readText(take());
        uses.push({ name: form.name, value: text, index, asWritten: `${arg} ${text}` });
      }
    } catch (error) {
      problems.push({ ...asFlowError(error).toProblem(), index });
    }
  }
  return { uses, problems };
}

/** An argument that begins like a flag is never taken for a value; `-1` is a number. */
function looksLikeFlag(arg: unknown): boolean {
  return typeof arg === 'string' && /^--?[A-Za-z]/.test(arg);
}

type Head = { form: FlagForm; flag: string; value: string | undefined };

function readHead(arg: string, forms: readonly FlagForm[]): Head {
  if (!arg.startsWith('-') || arg === '-') throw notAFlag(arg);
  if (arg === '--') throw argumentNotAFlag(arg, 'Remove it: no image and no command stand in dockerArgs.');
  return arg.startsWith('--') ? longFlag(arg, forms) : shortFlag(arg, forms);
}

function longFlag(arg: string, forms: readonly FlagForm[]): Head {
  const equals = arg.indexOf('=');
  const flag = equals < 0 ? arg : arg.slice(0, equals);
  const form = forms.find(({ name }) => `--${name}` === flag);
  if (!form) throw unknown(flag, forms);
  return { form, flag, value: equals < 0 ? undefined : arg.slice(equals + 1) };
}

function shortFlag(arg: string, forms: readonly FlagForm[]): Head {
  const word = arg.slice(1).split('=')[0] ?? '';
  const long = forms.find(({ name }) => name === word);
  if (long) throw flagUnknown(`-${word}`, `Write it with two dashes: --${word}.`);
  const flag = arg.slice(0, 2);
  const form = forms.find(({ letter }) => letter !== undefined && `-${letter}` === flag);
  if (!form) throw unknown(flag, forms);
  const rest = arg.slice(2);
  return { form, flag, value: rest === '' ? undefined : rest.replace(/^=/, '') };
}

function unknown(flag: string, forms: readonly FlagForm[]): FlowError {
  return flagUnknown(
    flag,
    adviceFor(
      flag,
      forms.map(({ name }) => `--${name}`),
    ),
  );
}

function notAFlag(arg: string): FlowError {
  const hint = /^(true|false)$/.test(arg)
    ? `A flag that is on or off takes its value with an equals sign: --read-only=${arg}.`
    : 'dockerArgs holds flags of docker run alone: the image is runtime.image, the command handler.command.';
  return argumentNotAFlag(arg, hint);
}

function readText(value: unknown): string {
  if (typeof value !== 'string') throw argumentNotText(value);
  const secret = refuseSecret('An argument of dockerArgs', value);
  if (secret) throw new FlowError({ ...secret, blame: 'profile' });
  if (hasControlCharacters(value)) {
    throw argumentUnreadable(
      value,
      'holds control characters (a newline and a tab are ones too) or broken Unicode',
    );
  }
  if (value.length > MAX_ARGUMENT_CHARACTERS) {
    throw argumentUnreadable(value, `is longer than ${MAX_ARGUMENT_CHARACTERS} characters`);
  }
  return value;
}

/** `DockerArgs` while it is being read. */
type Draft = {
  -readonly [Key in keyof DockerArgs]: DockerArgs[Key];
} & {
  mounts: MountArg[];
  env: Record<string, string>;
  ulimits: { name: string; soft: number; hard: number }[];
  addHosts: string[];
  dns: string[];
  labels: Record<string, string>;
};

/** Takes one use of a flag into the draft, or throws a FlowError that names what is wrong with it or that the policy does not allow it. */
export type FlagReader = (draft: Draft, use: FlagUse, policy: Policy) => void;

/** Nothing read yet. Names come from profiles, so the maps have no prototype to collide with. */
export function emptyDraft(): Draft {
  return {
    mounts: [],
    env: Object.create(null) as Record<string, string>,
    ulimits: [],
    addHosts: [],
    dns: [],
    labels: Object.create(null) as Record<string, string>,
  };
}

/**
 * The problem `secret_in_profile` when a text of a profile holds what looks like a token or a private key; `where` says
 * which text, and the value is never repeated. Profiles are read by many and saved with every run, and what stands in
 * a variable or on a command line is seen by every process of the container.
 */
export function refuseSecret(where: string, text: string): Problem | undefined {
  const what = tokenIn(text);
  return what === undefined
    ? undefined
    : {
        code: 'secret_in_profile',
        message: `${where} holds what looks like ${what}; a profile is no place for a secret.`,
        hint: 'Revoke it if it was ever shared. Put the new one into a file of the secrets directory, mount it (--mount type=bind,src=/home/user/.secrets/gh-token,dst=/run/secrets/gh-token,readonly), and let the program read /run/secrets/gh-token.',
      };
}
