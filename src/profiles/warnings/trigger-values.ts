import { visible } from '../../base/text.ts';
import { nearest } from '../../base/words.ts';
import { isBranchName } from '../../events/branch-name.ts';
import type { Scalar } from '../../events/event.ts';
import type { ConditionKind } from '../../events/possible.ts';
import { isSameLogin, listedLogin } from '../allow.ts';
import { show } from '../errors.ts';
import type { Profile, Trigger } from '../profile.ts';
import { valueNever, type Warning } from './errors.ts';
import { type ConditionValue, isList, wantedBy } from './event-kinds.ts';

/** What is wrong with one value, and what to write instead; undefined for a value that there may be. */
type Wrong = { what: string; hint: string } | undefined;

/** https://docs.github.com/graphql/reference/enums#commentauthorassociation */
const ASSOCIATIONS = [
  ...['OWNER', 'MEMBER', 'COLLABORATOR', 'CONTRIBUTOR'],
  ...['FIRST_TIME_CONTRIBUTOR', 'FIRST_TIMER', 'MANNEQUIN', 'NONE'],
];

const ACTOR_TYPES = ['User', 'Bot', 'Organization', 'Mannequin', 'EnterpriseUserAccount'];

/** As long as the first word of a comment may be to count as a command. */
const MAX_COMMAND = 100;

const CHECKS: Partial<Record<ConditionKind, (value: Scalar) => Wrong>> = {
  repository: text(checkRepository),
  actorLogin: text(checkLogin),
  actorType: text((value) => oneOf(value, ACTOR_TYPES)),
  authorAssociation: text((value) => oneOf(value, ASSOCIATIONS)),
  issueNumber: checkNumber,
  isPullRequest: checkFlag,
  isFork: checkFlag,
  branch: text(checkBranch),
  command: text(checkCommand),
  labelName: text(() => undefined, asWritten),
  labels: text(() => undefined, asWritten),
};

/** Warns of each value that the attribute can never have, whatever the event: wrong types, wrong forms, empty lists. */
export function valueWarnings(trigger: Trigger): Warning[] {
  return Object.entries(trigger).flatMap(([key, written]) => {
    const name = key as ConditionKind;
    if (key !== 'labels' && isList(written as Scalar) && (written as unknown as unknown[]).length === 0)
      return [
        valueNever(
          `/trigger/${key}`,
          key,
          'is an empty list',
          `Name a value in it, or remove \`${key}\`, which then asks for nothing.`,
        ),
      ];
    const check = CHECKS[name];
    return check ? wantedBy(trigger, name).flatMap((wanted) => warn(name, wanted, check(wanted.value))) : [];
  });
}

/** What is wrong with a value wherever it is compared with the attribute. */
export function whatIsWrong(name: string, value: Scalar): Wrong {
  return Object.hasOwn(CHECKS, name) ? CHECKS[name as ConditionKind]?.(value) : undefined;
}

function warn(name: string, { value, path }: ConditionValue, wrong: Wrong): Warning[] {
  return wrong ? [valueNever(path, name, `is ${show(value)}, ${wrong.what}`, wrong.hint)] : [];
}

function text(check: (value: string) => Wrong, seen = visible): (value: Scalar) => Wrong {
  return (value) => {
    if (typeof value === 'string') return edges(value, seen(value).trim()) ?? check(value);
    const hint =
      value === null ? 'Name a value, or remove the condition.' : `Write it in quotes: "${value}".`;
    return { what: 'and only a text can be there', hint };
  };
}

/** Names of labels have emoji, whose parts nobody sees alone. */
function asWritten(value: string): string {
  return value;
}

/** Blanks at the ends, which no value of GitHub has. */
function edges(value: string, bare: string): Wrong {
  if (bare === '') return { what: 'which is empty', hint: 'Name a value, or remove the condition.' };
  return bare === value
    ? undefined
    : { what: 'with blanks or characters that nobody sees', hint: `Write ${show(bare)}.` };
}

/** Names of owners have no dots, so that what has one is a host. */
const OWNER_AND_NAME = /^[A-Za-z0-9_-]{1,100}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

function checkRepository(value: string): Wrong {
  if (OWNER_AND_NAME.test(value) && !value.endsWith('.git')) return undefined;
  const bare = value
    .replace(/^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?[\w.-]+\.[a-z]+[/:](?=[^/]+\/)/i, '')
    .replace(/\/+$|\.git\/?$/g, '');
  const hint = /^[^/]+\/[^/]+/.exec(bare)?.[0] ?? '';
  const part = bare
    .split('/')
    .at(-1)
    ?.replaceAll(/[^\w.-]/g, '');
  if (value.includes('*'))
    return {
      what: 'and nothing stands for several repositories',
      hint: 'List the repositories, leave `repository` out, or write a filter: `attributes.repository.startsWith("owner/")`.',
    };
  return {
    what: 'which is no owner/name',
    hint: OWNER_AND_NAME.test(hint)
      ? `Write ${show(hint)}.`
      : value.endsWith('/')
        ? `Write the name behind it: ${show(`${part || 'owner'}/name`)}.`
        : `Write the owner before it: ${show(`owner/${!part || /^\.+$/.test(part) ? 'name' : part}`)}.`,
  };
}

function checkLogin(value: string): Wrong {
  if (/^[A-Za-z0-9_-]+(?:\[bot\])?$/.test(value)) return undefined;
  const bare = value.replaceAll(/[^\w[\]-]/g, '');
  return {
    what: 'which is no login',
    hint: `Write ${show(bare === '' ? 'a login' : bare)}, a login as GitHub shows it, or a list of them.`,
  };
}

function oneOf(value: string, known: readonly string[]): Wrong {
  if (known.includes(value)) return undefined;
  return { what: `which is none of ${known.join(', ')}`, hint: `Write ${show(nearest(value, known))}.` };
}

function checkNumber(value: Scalar): Wrong {
  if (Number.isSafeInteger(value) && Number(value) > 0) return undefined;
  const digits = /^#?(\d+)$/.exec(String(value))?.[1];
  return {
    what: 'which is no number of an issue',
    hint: `Write a whole number without quotes, such as ${digits ?? 42}.`,
  };
}

function checkFlag(value: Scalar): Wrong {
  if (typeof value === 'boolean') return undefined;
  return {
    what: 'which is neither true nor false',
    hint: `Write ${/^(?:true|yes|1)$/i.test(String(value))}, without quotes.`,
  };
}

function checkBranch(value: string): Wrong {
  const name = value.replace(/^refs\/heads\/|^origin\/(?=refs\/)/, '');
  if (value.startsWith('refs/tags/'))
    return {
      what: 'and a tag is no branch',
      hint: 'Use a filter over the payload: `event.ref == "refs/tags/…"`.',
    };
  if (name !== value)
    return { what: 'and branches are named without refs/heads/', hint: `Write ${show(name)}.` };
  if (isBranchName(value)) return undefined;
  if (value.includes('*'))
    return {
      what: 'and nothing stands for several branches',
      hint: 'List the branches, or use a filter: `attributes.branch.startsWith("release/")`.',
    };
  return { what: 'which git takes for no branch', hint: 'Write the name of a branch.' };
}

function checkCommand(value: string): Wrong {
  const [word = ''] = value
    .normalize('NFKC')
    .replace(/^[\\\u2044\u2215]/, '/')
    .split(/\s/, 1);
  const bare = `/${word.replace(/^[/!@#-]+/, '')}`;
  if (!value.startsWith('/'))
    return {
      what: 'and a command begins with a slash',
      hint: `Write ${show(bare === '/' ? '/fix' : bare)}.`,
    };
  if (/\s/.test(value))
    return {
      what: 'and a command is one word',
      hint: `Write ${show(bare)}; what stands behind it is \`attributes.commandArgs\` in the prompt.`,
    };
  if (visible(value) !== value || value === '/' || value.length > MAX_COMMAND)
    return {
      what: 'which is no first word of a comment',
      hint: `Write ${show(bare === '/' ? '/fix' : bare.slice(0, MAX_COMMAND))}, a slash with at most ${MAX_COMMAND - 1} letters behind it.`,
    };
  return undefined;
}

/** Warns of triggers that wait for a bot which `allow.bots` does not name: each of its events is refused. */
export function botWarnings({ trigger, allow }: Pick<Profile, 'trigger' | 'allow'>): Warning[] {
  const waiting = [
    ...wantedBy(trigger, 'actorLogin').flatMap(({ value, path }) =>
      typeof value === 'string' &&
      /\[bot\]$/i.test(value) &&
      !allow.bots.some((bot) => isSameLogin(listedLogin(bot), value))
        ? [{ name: 'actorLogin', value, path, bot: value }]
        : [],
    ),
    ...wantedBy(trigger, 'actorType').flatMap(({ value, path }) =>
      value === 'Bot' && allow.bots.length === 0
        ? [{ name: 'actorType', value, path, bot: 'dependabot[bot]' }]
        : [],
    ),
  ];
  return waiting.map(({ name, value, path, bot }) => ({
    ...valueNever(path, name, '', `Add the bot to the profile: "allow": {"bots": [${show(bot)}]}.`),
    message: `trigger.${name} is ${show(value)}, and allow.bots of the profile names no such bot, so that each of its events is refused.`,
  }));
}
