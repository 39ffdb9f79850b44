import type { Problem } from '../../base/errors.ts';

/** A warning about a profile, with its place in it. */
export type Warning = Problem & { path: string };

/** An event that GitHub never sends, or that can start nothing. */
export function eventUnknown(path: string, what: string, hint: string): Warning {
  return { code: 'trigger_event_unknown', path, message: `trigger.event ${what}.`, hint };
}

/** An action that none of the trigger's events has. */
export function actionUnknown(path: string, what: string, hint: string): Warning {
  return { code: 'trigger_action_unknown', path, message: `trigger.action ${what}.`, hint };
}

/** A value that an attribute never has. */
export function valueNever(path: string, name: string, what: string, hint: string): Warning {
  return {
    code: 'trigger_value_never',
    path,
    message: `trigger.${name} ${what}, so it never matches.`,
    hint,
  };
}

/** A condition on something that the events of a trigger do not have. */
export function attributeNever(path: string, name: string, where: string, hint: string): Warning {
  return {
    code: 'trigger_attribute_never',
    path,
    message: `trigger.${name} asks for what no event ${where} has, so it never matches there.`,
    hint,
  };
}

/** A trigger that starts more runs than intended. */
export function matchesOften(path: string, message: string, hint: string): Warning {
  return { code: 'trigger_matches_often', path, message, hint };
}

/** A path into the payload that no event of the trigger has. */
export function pathNever(path: string, message: string, hint: string): Warning {
  return { code: 'payload_path_unknown', path, message, hint };
}
