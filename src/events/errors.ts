import { FlowError } from '../base/errors.ts';
import { cutText, quoted } from '../base/text.ts';

const SHOWN_CHARACTERS = 100;

/** The body of a delivery that no JSON parser can read. */
export function notJson(cause: unknown): FlowError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new FlowError({
    code: 'delivery_not_json',
    blame: 'sender',
    message: `The body of the delivery is not JSON: ${cutText(detail, SHOWN_CHARACTERS)}.`,
    hint: 'Send the body as JSON in UTF-8; on GitHub, set the content type of the webhook to application/json.',
    cause,
  });
}

/** JSON, but a list or a scalar where GitHub sends an object. */
export function notObject(value: unknown): FlowError {
  return new FlowError({
    code: 'delivery_not_object',
    blame: 'sender',
    message: `The body of the delivery is ${typeName(value)}; a webhook's body is a JSON object.`,
    hint: 'Send the payload itself, as GitHub does, not wrapped in a list or a text.',
  });
}

/** A field that an event is made from holds something that GitHub never sends there. */
export function wrongType(event: string, path: string, value: unknown, expected: string): FlowError {
  const shown = typeof value === 'string' ? `the text ${quoted(value, SHOWN_CHARACTERS)}` : typeName(value);
  return new FlowError({
    code: 'delivery_wrong_type',
    blame: 'sender',
    message: `The field ${path} of this ${cutText(event, SHOWN_CHARACTERS)} event is ${shown}; it should be ${expected}.`,
    hint: `Send ${path} as GitHub documents it for this event, or leave it out.`,
  });
}

/** The description of a JSON value in an error. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'a text';
  return `the ${typeof value} ${String(value)}`;
}
