import type { EventRepository } from './event.ts';
import type { Fields } from './fields.ts';

/** Owner and name become directories and addresses, so nothing else than GitHub's own alphabet gets through. */
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** The repository's name as the payload gives it, or undefined. Throws `delivery_wrong_type`. */
export function readRepositoryName(
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
export function readRepository(fields: Fields): EventRepository | undefined {
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
