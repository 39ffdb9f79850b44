import { visible } from '../text/visible.ts';
import type { AttributeName, FlowEvent, Scalar } from './event.ts';
import { type Fields, readFields } from './fields.ts';
import { readBranch } from './heads.ts';
import { readRepositoryName } from './repository.ts';
import { isAboutPullRequest, readIsFork, subjectKey, threadKey } from './subject.ts';

/** What a trigger may match of one event; what the payload does not say is absent. Throws `delivery_wrong_type`. */
export function readAttributes(event: string, fields: Fields): FlowEvent['attributes'] {
  const subject = subjectKey(event, fields);
  const thread = threadKey(fields);
  const all: Record<AttributeName, Scalar | undefined> = {
    event,
    action: fields.text('action'),
    repository: readRepositoryName(fields)?.fullName,
    actorLogin: fields.text('sender.login'),
    actorType: fields.text('sender.type'),
    authorAssociation: subject && fields.text(`${subject}.author_association`),
    issueNumber: thread && fields.number(`${thread}.number`),
    isPullRequest: isAboutPullRequest(fields),
    isFork: readIsFork(fields),
    branch: readBranch(event, fields),
    command: subject && readCommand(fields.nullableText(`${subject}.body`)),
    labelName: fields.text('label.name'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A longer first word is a path or a piece of text, not a command. */
const MAX_COMMAND_CHARACTERS = 100;

/** The first word of a text if it starts with a slash: `/fix` in `/fix the tests`. What nobody sees is no part of it. */
function readCommand(body: string | undefined): string | undefined {
  const word = body === undefined ? undefined : /^\s*(\/\S+)/.exec(visible(body))?.[1];
  return word === undefined || word.length > MAX_COMMAND_CHARACTERS ? undefined : word;
}

/** The first line of what somebody wrote, as people see it; undefined when the event is about no text. */
export function firstLine({ name, payload }: FlowEvent): string | undefined {
  const fields = readFields(name, payload);
  const subject = subjectKey(name, fields);
  const body = subject && fields.nullableText(`${subject}.body`);
  return body === undefined ? undefined : visible(body).trimStart().split('\n', 1)[0];
}

/** What stands behind the command of an event on its line, empty when nothing does; undefined without a command. */
export function commandArgs(event: FlowEvent): string | undefined {
  const { command } = event.attributes;
  if (typeof command !== 'string') return undefined;
  return firstLine(event)?.slice(command.length).trim();
}
