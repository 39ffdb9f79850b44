/** Characters are UTF-16 units, as JavaScript counts them: never fewer than an agent counts. */

/** A whole prompt: what every agent takes on standard input. */
export const MAX_PROMPT_CHARACTERS = 1_000_000;

/** What one variable puts into a prompt; GitHub's own longest texts have 65,536 characters. */
export const MAX_VARIABLE_CHARACTERS = 100_000;

/** A template, without what its variables put in. */
export const MAX_TEMPLATE_CHARACTERS = 200_000;

/** How often a template may use variables. */
export const MAX_VARIABLE_USES = 1_000;

/** Blocks in a template; Handlebars takes minutes over tens of thousands of them. */
export const MAX_BLOCKS = 500;

/** Fence and cut mark around one variable, at most; so that MAX_VARIABLE_USES of them always fit into a prompt. */
export const VARIABLE_OVERHEAD_CHARACTERS = 500;
