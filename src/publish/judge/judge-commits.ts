import type { Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import {
  type CommitObject,
  encodingOf,
  fromBytes,
  type Person,
  parsePerson,
  personOf,
} from './commit-object.ts';
import { effectsOf } from './harmless-message.ts';

/** A new commit; `isOfBase` is one that the run began with, as a fork's are: its authors are whoever they are. */
type JudgedCommit = { id: string; commit: CommitObject; isOfBase: boolean };

/** How many examples a message names, and the characters of one. */
const MAX_EXAMPLES = 5;
const MAX_SHOWN = 200;

/** `Signed-off-by: Name <mail>`, `Co-authored-by: …` and whatever else speaks for somebody; wherever it stands. */
const SIGN_OFF = /^[^\S\r\n\u2028\u2029]*((?:[a-z]{1,30}-){1,4}by)[^\S\r\n\u2028\u2029]*:(.*)$/gim;

/** Those that count even without an address. */
const WITHOUT_MAIL = /^(?:signed-off|co-authored|co-developed)-by$/i;

/** The problems of the authors, sign-offs and messages of commits; `authors` are `Name <mail>`, or a mail that may have any name. */
export function judgeCommits(commits: readonly JudgedCommit[], authors: readonly string[]): Problem[] {
  const own = commits.filter(({ isOfBase }) => !isOfBase);
  const may = (person: Person): boolean => authors.some((text) => isSame(parsePerson(text), person));
  const foreign = own.flatMap(({ id, commit }) =>
    (['author', 'committer'] as const)
      .map((role) => ({ role, person: personOf(commit, role) }))
      .filter(({ person }) => !may(person))
      .map(({ role, person }) => `${role} ${shown(person)} of ${short(id)}`),
  );
  const signers = own.flatMap(({ id, commit }) =>
    signOffs(commit)
      .filter(({ person }) => !may(person))
      .map(({ name, person }) => `${name} ${shown(person)} in ${short(id)}`),
  );
  const effects = commits.flatMap(({ id, commit }) => {
    const effects = effectsOf(commit.message);
    return effects.length === 0 ? [] : [`${short(id)} ${effects.join(' and ')}`];
  });
  const odd = commits.filter(({ commit }) => !isReadable(encodingOf(commit)));
  return [
    ...about(foreign, (list) => foreignAuthor(list, authors[0])),
    ...about(signers, foreignSignOff),
    ...about(effects, harmfulMessage),
    ...about(
      odd.map(({ id, commit }) => `${short(id)} in ${quoted(encodingOf(commit), 40)}`),
      unreadableMessage,
    ),
  ];
}

/** Whether what is looked for in a message looks the same in this character set. */
function isReadable(encoding: string): boolean {
  return /^(?:utf-?8|(?:us-)?ascii|iso-8859-\d{1,2}|latin-?[19]|windows-125\d|cp125\d)$/i.test(encoding);
}

function signOffs({ message }: CommitObject): { name: string; person: Person }[] {
  return [...fromBytes(message).matchAll(SIGN_OFF)].flatMap(([, name = '', value = '']) => {
    const person = parsePerson(value);
    return person.email !== '' || WITHOUT_MAIL.test(name) ? [{ name, person }] : [];
  });
}

function isSame(named: Person, person: Person): boolean {
  const isMail = named.email !== '' && named.email.toLowerCase() === person.email.toLowerCase();
  return isMail && (named.name === '' || named.name === person.name);
}

function shown({ name, email }: Person): string {
  return quoted(`${name} <${email}>`, MAX_SHOWN);
}

function short(id: string): string {
  return id.slice(0, 10);
}

function about(found: readonly string[], problem: (list: string) => Problem): Problem[] {
  if (found.length === 0) return [];
  const more = found.length > MAX_EXAMPLES ? ` and ${found.length - MAX_EXAMPLES} more` : '';
  return [problem(`${found.slice(0, MAX_EXAMPLES).join(', ')}${more}`)];
}

function foreignAuthor(list: string, own: string | undefined): Problem {
  return {
    code: 'publish_author',
    message: `The commits name people whom this profile does not publish for: ${list}.`,
    hint: `Let the agent commit as ${own ?? 'the service'}, which git in its container does by itself, without --author and without a user.name of its own; or add "Name <mail>" to publish.authors in the profile.`,
  };
}

function foreignSignOff(list: string): Problem {
  return {
    code: 'publish_sign_off',
    message: `The commits speak for people whom this profile does not publish for: ${list}.`,
    hint: 'Tell the agent to leave out lines such as Signed-off-by and Co-authored-by, or add "Name <mail>" to publish.authors in the profile.',
  };
}

function harmfulMessage(list: string): Problem {
  return {
    code: 'publish_message',
    message: `Commit messages would do something on GitHub when they are pushed or merged: ${list}.`,
    hint: 'Reword these commits: without closing keywords before an issue, without @ before a name, without [skip ci]. Messages of the agent’s own commits are made harmless by the service; those of a fork are not rewritten.',
  };
}

function unreadableMessage(list: string): Problem {
  return {
    code: 'publish_message_encoding',
    message: `Commit messages are in a character set that they cannot be checked in: ${list}.`,
    hint: 'Let the agent commit in UTF-8 (git config --unset i18n.commitEncoding).',
  };
}
