import { type Issue, IssuesError } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import { quoted } from '../base/text.ts';
import { tokenIn } from '../log/token-shapes.ts';

/** Characters of a value that a message quotes. */
const SHOWN = 80;

/** A value as a message quotes it: its JSON, cut when it is long; what looks like a secret is not repeated. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  if (tokenIn(text) !== undefined) return 'a value with a secret in it';
  return quoted(value, SHOWN);
}

/** The profiles directory is not there, or is no directory. */
export function profilesMissing(dir: string, detail: string): Issue {
  return {
    code: 'profiles_missing',
    file: dir,
    message: `The profiles directory ${dir} cannot be read: ${detail}.`,
    hint: `Make it (\`mkdir -p ${dir}\`) and put a profile in it, or set PROFILES_DIR to where the profiles are.`,
  };
}

/** The profiles directory holds no profile.json at all. */
export function profilesEmpty(dir: string): Issue {
  return {
    code: 'profiles_empty',
    file: dir,
    message: `There is no profile.json in ${dir} or in any folder below it, so no event could ever start a run.`,
    hint: 'Put a profile there, for example the shipped profiles/example folder with your own repository in it, or set PROFILES_DIR to where the profiles are.',
  };
}

/** A profile.json or a folder that cannot be read, or is something else than it should be. */
export function profileUnreadable(file: string, detail: string): Issue {
  return {
    code: 'profile_unreadable',
    file,
    message: `${file} cannot be read: ${detail}.`,
    hint: "A profile.json is a regular file, and it and its folders are readable by the service's user; make it so (`chmod u+r`, `chown`), or remove it.",
  };
}

/** A profile.json over the size or depth that a profile may have. */
export function profileTooLarge(file: string, detail: string): Issue {
  return {
    code: 'profile_too_large',
    file,
    message: `${file} is ${detail}.`,
    hint: 'Split it into folders of smaller profiles, and keep long texts in the prompt file; or remove it, if it is no profile.',
  };
}

/** A profile.json whose bytes are not UTF-8. */
export function profileNotUtf8(file: string): Issue {
  return {
    code: 'profile_not_utf8',
    file,
    message: `${file} is not UTF-8 text.`,
    hint: `Save it as UTF-8; \`iconv -f UTF-16 -t UTF-8\` converts what some editors write.`,
  };
}

/** A profile.json that is not JSON; `detail` says where. */
export function profileNotJson(file: string, detail: string): Issue {
  return {
    code: 'profile_not_json',
    file,
    message: `${file} is not JSON: ${detail}.`,
    hint: 'Correct it there. JSON has double quotes, no comments and no comma after the last item.',
  };
}

/** A key that stands twice in one object. */
export function keyTwice(file: string, path: string, line: number): Issue {
  return {
    code: 'profile_key_twice',
    file,
    path,
    message: `The key ${path} stands twice in ${file}, the second time in line ${line}.`,
    hint: 'Remove one of the two; a reader would silently ignore the first.',
  };
}

/** A folder of profiles that is a symbolic link, or a link that goes in a circle. */
export function folderLink(file: string, loops: boolean): Issue {
  return {
    code: 'profile_folder_link',
    file,
    message: loops
      ? `${file} is a symbolic link that goes in a circle.`
      : `${file} is a symbolic link to a folder; these are not followed, because each profile has one name and one line of defaults.`,
    hint: `Remove the link (\`rm ${file}\`); if the folder is wanted there, copy it.`,
  };
}

/** A link to a file outside the profiles directory. */
export function profileOutside(file: string, target: string): Issue {
  return {
    code: 'profile_outside',
    file,
    message: `${file} is a symbolic link to ${target}, which is outside the profiles directory.`,
    hint: 'Put the file itself into the profiles directory.',
  };
}

/** The profiles in `dir` have errors, at least one; the message has the first. */
export function profilesInvalid(dir: string, issues: readonly Issue[]): IssuesError {
  const [first] = issues;
  const more = issues.length > 1 ? ` And ${issues.length - 1} more.` : '';
  return new IssuesError(
    {
      code: 'profiles_invalid',
      blame: 'profile',
      message: `The profiles in ${dir} have errors. ${first?.message ?? ''}${more}`,
      hint: `${first?.hint ?? ''} \`github-flows profiles validate\` lists all errors.`,
    },
    issues,
  );
}

/** A key that no profile has where it stands. */
export function unknownKey(file: string, path: string, key: string, advice: string): Issue {
  return {
    code: 'profile_unknown_key',
    file,
    path,
    message: `${show(key)} in ${file} is not a key that a profile has there; ${advice}.`,
    hint: 'Correct or remove it. docs/profiles.md lists every key that works.',
  };
}

/** A value of the wrong type or form; `what` completes the sentence that begins with where it is. */
export function wrongValue(file: string, path: string, what: string, wanted = 'see docs/profiles.md'): Issue {
  return {
    code: 'profile_wrong_value',
    file,
    path,
    message: `${path === '' ? 'The whole document' : path} in ${file} ${what}.`,
    hint: `What belongs there: ${wanted.replace(/\.$/, '')}.`,
  };
}

/** A wildcard among the bots. */
export function anyBot(file: string, path: string, value: unknown): Issue {
  return {
    code: 'allow_any_bot',
    file,
    path,
    message: `${path} in ${file} is ${show(value)}, but bots are admitted by their exact login only: anyone can make a bot.`,
    hint: 'Name each bot as GitHub writes it, for example "dependabot[bot]".',
  };
}

/** A trigger whose lists multiply to more than a profile may have. */
export function tooManyCandidates(file: string, count: number, limit: number): Issue {
  return {
    code: 'profile_too_many_candidates',
    file,
    path: '/trigger',
    message: `The lists of the trigger in ${file} multiply to ${count} combinations, and ${limit} are the limit.`,
    hint: 'Shorten the lists, leave out the conditions that need no list, or split the profile into several folders.',
  };
}

/** A variable that is both required and optional. */
export function variableTwice(file: string, path: string, name: string): Issue {
  return {
    code: 'prompt_variable_twice',
    file,
    path,
    message: `The prompt variable ${name} in ${file} is both required and optional.`,
    hint: 'Remove it from one of the two.',
  };
}

/** A variable that reads an attribute which no event has, or something of the workspace or the run that neither has. */
export function pathUnknown(file: string, path: string, value: string, known: string): Issue {
  return {
    code: 'prompt_path_unknown',
    file,
    path,
    message: `The path ${show(value)} in ${file} names nothing that an event or a run has; the nearest is ${known}.`,
    hint: 'Correct the path. docs/profiles.md lists the attributes, and the paths below workspace and run.',
  };
}

/** A runtime key and a flag in dockerArgs with different values; `own` and `flag` describe the two values. */
export function contradiction(file: string, key: readonly string[], own: string, flag: string): Issue {
  const path = jsonPointer('execution', 'runtime', ...key);
  return {
    code: 'docker_args_contradict',
    file,
    path,
    message: `${path} says ${own}, and a flag in dockerArgs of the same profile says ${flag}.`,
    hint: 'Remove one of the two; the key of the runtime is the plainer place.',
  };
}

/** A handler of type `agent` without a `promptRef`. */
export function promptNotNamed(file: string): Issue {
  return {
    code: 'prompt_not_named',
    file,
    path: '/execution/handler/promptRef',
    message: `The handler in ${file} is an agent, but it has no promptRef.`,
    hint: 'Set execution.handler.promptRef to the prompt file, or make the handler a "shell".',
  };
}
