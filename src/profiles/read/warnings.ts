import type { Issue } from '../../base/errors.ts';
import type { Profile } from '../profile.ts';
import { filterValueWarnings } from '../warnings/filter-values.ts';
import { oftenWarnings } from '../warnings/often.ts';
import { filterWarnings, variableWarnings } from '../warnings/payload-paths.ts';
import { botWarnings, valueWarnings } from '../warnings/trigger-values.ts';
import { actionWarnings, attributeWarnings, eventWarnings } from '../warnings/trigger-warnings.ts';
import { type Line, originOf } from './merge.ts';

/**
 * The warnings about a valid profile: a trigger that can never match, one that matches more often than intended, paths
 * that no such event has. They rely on GitHub's own types, which may be older than GitHub, so they are no errors.
 */
export function profileWarnings(line: Line, profile: Profile): Issue[] {
  const { trigger, execution } = profile;
  const warnings = [
    ...eventWarnings(trigger),
    ...actionWarnings(trigger),
    ...valueWarnings(trigger),
    ...botWarnings(profile),
    ...attributeWarnings(trigger),
    ...filterWarnings(trigger),
    ...filterValueWarnings(trigger),
    ...variableWarnings(trigger, execution.handler.promptVariables),
    ...oftenWarnings(profile),
  ];
  return warnings.map(({ code, path, message, hint }) => {
    const [top = '', next = '', last = ''] = path.slice(1).split('/');
    const file = originOf(line, top === 'execution' ? [top, next, last] : [top, next]);
    return { code, file, path, message, hint };
  });
}
