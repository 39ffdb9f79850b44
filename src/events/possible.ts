import type { AttributeName } from './event.ts';
import { branchPath } from './heads.ts';
import { type EventKind, has } from './payload-shapes.ts';
import { subjectPath, threadPath } from './subject.ts';

/** What a trigger may ask of a kind of event: its attributes, and the labels of its thread. */
export type ConditionKind = AttributeName | 'labels';

/** Whether an event of this kind can ever have an attribute (or labels), by the payloads that GitHub describes. */
export function mayHave(kind: EventKind, name: ConditionKind): boolean {
  const { event, action } = kind;
  const thread = threadPath((key) => has(kind, key));
  const subject = subjectPath(event, (key) => has(kind, key));
  const below = (key: string | undefined, path: string): boolean =>
    key !== undefined && has(kind, `${key}.${path}`);
  switch (name) {
    case 'action':
      return action !== '';
    case 'repository':
      return has(kind, 'repository');
    case 'authorAssociation':
      return below(subject, 'author_association');
    case 'command':
      return below(subject, 'body');
    case 'issueNumber':
      return below(thread, 'number');
    case 'labels':
      return below(thread, 'labels');
    case 'labelName':
      return has(kind, 'label.name');
    case 'isFork':
      return has(kind, 'pull_request.head.repo') || has(kind, 'workflow_run.head_repository');
    case 'branch':
      return has(kind, branchPath(event));
    default:
      return true;
  }
}
