import { isObject, type JsonObject } from '../base/json.ts';
import { visible } from '../base/text.ts';
import { notJson, notObject } from './errors.ts';
import type { AttributeName, EventActor, EventRepository, FlowEvent, Scalar } from './event.ts';
import { type Fields, readFields } from './fields.ts';
import { readBranch, readCommit } from './heads.ts';
import {
  isAboutPullRequest,
  readIsFork,
  readLabels,
  readPullRequest,
  subjectKey,
  threadKey,
} from './subject.ts';

/**
 * The event that a delivery is: `event` is GitHub's name for it (X-GitHub-Event), `body` the bytes as they came.
 *
 * Throws `delivery_not_json`, `delivery_not_object`, and `delivery_wrong_type` for a field that the event is made
 * from; fields that nothing reads may be anything.
 */
export function readEvent(delivery: { deliveryId: string; event: string; body: Buffer | string }): FlowEvent {
  const payload = parseBody(delivery.body);
  const fields = readFields(delivery.event, payload);
  const attributes = readAttributes(delivery.event, fields);
  return {
    deliveryId: delivery.deliveryId,
    name: delivery.event,
    action: fields.text('action'),
    repository: readRepository(fields),
    actor: readActor(fields),
    labels: readLabels(fields),
    attributes,
    pullRequest: readPullRequest(fields),
    commit: readCommit(delivery.event, fields),
    payload,
  };
}

function readActor(fields: Fields): EventActor | undefined {
  const login = fields.text('sender.login');
  if (login === undefined) return undefined;
  return { login, id: fields.number('sender.id'), type: fields.text('sender.type') };
}

/** UTF-8 only, as RFC 8259 asks: a byte that is none would come out as another text than was signed. */
function parseBody(body: Buffer | string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(
      typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body),
    );
  } catch (error) {
    throw notJson(error);
  }
  if (!isObject(value)) throw notObject(value);
  return value;
}

/** What a trigger may match of one event; what the payload does not say is absent. Throws `delivery_wrong_type`. */
function readAttributes(event: string, fields: Fields): FlowEvent['attributes'] {
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

/** Owner and name become directories and addresses, so nothing else than GitHub's own alphabet gets through. */
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** The repository's name as the payload gives it, or undefined. Throws `delivery_wrong_type`. */
function readRepositoryName(
  fields: Fields,
): Pick<EventRepository, 'fullName' | 'owner' | 'name'> | undefined {
  const fullName = fields.text('repository.full_name');
  if (fullName === undefined) return undefined;
  const [owner, name, ...rest] = fullName.split('/');
  if (!isName(owner) || !isName(name) || rest.length > 0)
    throw fields.wrong('repository.full_name', fullName, 'owner/name');
  return { fullName, owner, name };
}

/** The repository an event is about, or undefined when the payload has none with a name and an id. Throws `delivery_wrong_type`. */
function readRepository(fields: Fields): EventRepository | undefined {
  const names = readRepositoryName(fields);
  const id = fields.number('repository.id');
  if (id !== undefined && id < 1) throw fields.wrong('repository.id', id, 'a positive whole number');
  const defaultBranch = fields.nullableText('repository.default_branch');
  const isPrivate = fields.flag('repository.private') ?? true;
  return names && id !== undefined ? { ...names, id, defaultBranch, private: isPrivate } : undefined;
}

function isName(text: string | undefined): text is string {
  return text !== undefined && NAME.test(text) && text !== '.' && text !== '..';
}

/** Objects that come with many different events, so that they do not make a body the only one of its kind. */
const SURROUNDINGS = new Set(['repository', 'organization', 'enterprise', 'installation', 'sender', 'hook']);

const TIMES = ['created_at', 'updated_at', 'submitted_at', 'published_at', 'timestamp'];

/** Whether a body carries an object with its own id and time, so that the same bytes are the same event for ever. */
export function hasUniqueBody(payload: unknown): boolean {
  if (!isObject(payload)) return false;
  const objects = Object.entries(payload).map(([key, value]) => (SURROUNDINGS.has(key) ? undefined : value));
  return [payload, ...objects].some((value) => isObject(value) && hasId(value) && hasTime(value));
}

function hasId(value: JsonObject): boolean {
  return Object.hasOwn(value, 'id') && (typeof value.id === 'number' || typeof value.id === 'string');
}

function hasTime(value: JsonObject): boolean {
  return TIMES.some((key) => {
    const time = Object.hasOwn(value, key) ? value[key] : undefined;
    return typeof time === 'string' || typeof time === 'number';
  });
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
