import { isObject, type JsonObject } from '../base/json.ts';
import { readAttributes } from './attributes.ts';
import { notJson, notObject } from './errors.ts';
import type { EventActor, FlowEvent } from './event.ts';
import { type Fields, readFields } from './fields.ts';
import { readCommit } from './heads.ts';
import { readRepository } from './repository.ts';
import { readLabels, readPullRequest } from './subject.ts';

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
