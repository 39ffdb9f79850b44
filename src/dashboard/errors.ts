import { FlowError } from '../base/errors.ts';
import { quoted } from '../base/text.ts';

/** A form without the token of the session that sent it, or one that another site sent. */
export function formNotOurs(): FlowError {
  return new FlowError({
    code: 'form_not_ours',
    blame: 'sender',
    message: 'The form does not come from a page of this login, so nothing changed.',
    hint: 'Reload the page and press the button again.',
  });
}

/** An unknown page below /runs. */
export function pageUnknown(path: string): FlowError {
  return new FlowError({
    code: 'page_unknown',
    blame: 'sender',
    message: `There is no page at ${quoted(path, 100)}.`,
    hint: 'Find the run in the list of runs.',
  });
}
