import { hash } from 'node:crypto';
import type { Problem } from '../base/errors.ts';
import { nearest } from '../base/words.ts';
import { ATTRIBUTES, type AttributeName, type FlowEvent } from '../events/event.ts';

/** Longer keys are cut, and end in a digest of the whole. */
const MAX_KEY_CHARACTERS = 300;

const NAME = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** What is wrong with the template of a group: a name that no event has, or braces that hold no name. */
export function checkGroup(template: string): Problem[] {
  const names = [...template.matchAll(NAME)].map(([, name = '']) => name);
  const unknown = names.filter((name) => !isAttribute(name)).map(nameUnknown);
  const isBroken = /\{\{|\}\}/.test(template.replaceAll(NAME, ''));
  return isBroken ? [...unknown, groupSyntax(template)] : unknown;
}

/** The key of an event's group, an attribute that the event does not have being empty; undefined, which is no group, when nothing is left. */
export function renderGroup(template: string, attributes: FlowEvent['attributes']): string | undefined {
  const key = template
    .replaceAll(NAME, (_braces, name: AttributeName) => String(attributes[name] ?? ''))
    .trim();
  if (key === '') return undefined;
  return key.length > MAX_KEY_CHARACTERS ? `${key.slice(0, MAX_KEY_CHARACTERS)} ${hash('sha256', key)}` : key;
}

function isAttribute(name: string): boolean {
  return (ATTRIBUTES as readonly string[]).includes(name);
}

function nameUnknown(name: string): Problem {
  return {
    code: 'group_name_unknown',
    message: `The group uses {{${name}}}, which is no attribute of an event. Known are ${ATTRIBUTES.join(', ')}.`,
    hint: `Write {{${nearest(name, ATTRIBUTES)}}}, or another of the known names.`,
  };
}

function groupSyntax(template: string): Problem {
  return {
    code: 'group_syntax',
    message: `The group ${JSON.stringify(template)} has braces that hold no single name.`,
    hint: 'Write names as {{repository}}#{{issueNumber}}; helpers and blocks are for prompts only.',
  };
}
