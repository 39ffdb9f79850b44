import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Issue } from '../../base/errors.ts';
import { imageNameIssue } from '../../base/image-name.ts';
import { jsonPointer } from '../../base/json.ts';
import { nearest } from '../../base/words.ts';
import { anyBot, show, unknownKey, wrongValue } from '../errors.ts';
import schema from '../profile.schema.json' with { type: 'json' };
import { createKeyAdvice, type KeyAdvice, type KeySchema, meantText, otherWord } from './suggestions.ts';

/** Holds one parsed fragment against profile.schema.json: every error, and JSON pointers to the values that are wrong. */
export type SchemaCheck = (value: unknown, file: string) => { issues: Issue[]; wrong: string[] };

/** Keywords that only repeat another error of the same place. */
const REPEATING = new Set(['if', 'propertyNames']);

const IMAGE_PATH = '/execution/runtime/image';
const IMAGE_WANTED = schema.$defs.runtime.properties.image.description;

/** Compiled at the first need, which takes half a second of a processor, and kept for every later load. */
let compiled: ValidateFunction | undefined;

/** The check of fragments. */
export function createSchemaCheck(): SchemaCheck {
  compiled ??= new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);
  const validate = compiled;
  const advice = createKeyAdvice(schema as KeySchema);
  return (value, file) => {
    const errors = validate(value) ? [] : firstOfEachPlace(validate.errors ?? []);
    const reported = errors.map((error) => ({
      issue: translate(error, file, advice),
      isName: error.propertyName !== undefined,
    }));
    const image = imageIssue(value, file);
    if (image && !reported.some(({ issue }) => issue.path === image.path))
      reported.push({ issue: image, isName: false });
    return {
      issues: reported.map(({ issue }) => issue),
      wrong: reported.flatMap(({ issue, isName }) => (isName ? [] : (issue.path ?? ''))),
    };
  };
}

/** A pattern cannot describe what is wrong with the name of an image. */
function imageIssue(value: unknown, file: string): Issue | undefined {
  const { image } =
    (value as { execution?: { runtime?: { image?: unknown } } | null } | null)?.execution?.runtime ?? {};
  const wrong = typeof image === 'string' ? imageNameIssue(image) : undefined;
  if (wrong === undefined) return undefined;
  return wrongValue(file, IMAGE_PATH, `is ${show(image)}, which ${wrong}`, IMAGE_WANTED);
}

/** A value of the wrong type fails every branch of the schema: only its first error is kept. */
function firstOfEachPlace(errors: readonly ErrorObject[]): ErrorObject[] {
  const wrongType = new Map<string, ErrorObject>();
  for (const error of errors)
    if (error.keyword === 'type' && !wrongType.has(error.instancePath))
      wrongType.set(error.instancePath, error);
  return errors.filter((error) => {
    const first = wrongType.get(error.instancePath);
    return !REPEATING.has(error.keyword) && (first === undefined || first === error);
  });
}

function translate(error: ErrorObject, file: string, advice: KeyAdvice): Issue {
  const { instancePath: path, data } = error;
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty);
    const siblings = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
    return unknownKey(file, path + jsonPointer(key), key, advice(key, siblings));
  }
  if (/^\/allow\/bots\/\d+$/.test(path) && String(data).includes('*')) return anyBot(file, path, data);
  return wrongValue(file, path, complaint(error), error.parentSchema?.description as string | undefined);
}

function complaint(error: ErrorObject): string {
  const subject = `${error.propertyName === undefined ? `is ${quoted(error)}` : `has the name ${show(error.propertyName)}`}, which`;
  switch (error.keyword) {
    case 'type':
      return `${subject} is not of the type ${[error.params.type].flat().join(' or ')}`;
    case 'enum':
      return `${subject} is none of ${list(error.params.allowedValues)}; the nearest is ${nearestValue(error)}`;
    case 'pattern':
      return `${subject} does not have the form that is wanted${meant(error)}`;
    case 'required':
      return `lacks the key ${show(error.params.missingProperty)}`;
    case 'not':
      return `holds ${list((error.schema as { required: string[] }).required)}, and only one of them can be meant`;
    default:
      return `${subject} ${error.message}`;
  }
}

function meant({ instancePath, data }: ErrorObject): string {
  const text = meantText(instancePath, data);
  return text === undefined ? '' : `; the nearest that has it is ${show(text)}`;
}

/** The value of a variable is never quoted: it may be what it should not be, a secret. */
function quoted(error: ErrorObject): string {
  return error.instancePath.startsWith('/execution/runtime/env/') ? 'a value' : show(error.data);
}

function list(values: readonly unknown[]): string {
  return values.map(show).join(', ');
}

function nearestValue(error: ErrorObject): string {
  const known = error.params.allowedValues as string[];
  const text = String(error.data).slice(0, 100);
  return show(otherWord(text, known) ?? nearest(text, known));
}
