import { answerInvalid } from '../errors.ts';

type Types = { string: string; number: number; boolean: boolean; object: object };

/** A field of an answer that has to be there with this type; something else is no engine's. Throws `engine_answer_invalid`. */
export function fieldOf<Name extends keyof Types>(answer: unknown, field: string, type: Name): Types[Name] {
  const value = (answer as Record<string, unknown> | null | undefined)?.[field];
  if (typeof value === type && value !== null && value !== '') return value as Types[Name];
  throw answerInvalid(`it lacks the field ${field}`);
}
