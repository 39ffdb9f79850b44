import { OPTIONS } from './options.ts';

const HEAD = `# Configuration

Every option is an environment variable, or a line of one file of settings; the environment wins. The file is the first of these that there is: the one that \`GITHUB_FLOWS_CONFIG\` names (which must be there), \`.env\` in the current directory, \`.env\` in this checkout, \`/etc/github-flows/env\`. Relative paths start at the file's directory; for \`/etc/github-flows/env\` at the checkout, and without a file at the current directory. A line that sets nothing which is an option is told by \`doctor\`, and by \`serve\` and \`worker\` when they start. In paths \`~\` is the home of the service's user. Sizes are written as Docker writes them: \`512m\`, \`4g\`. All faults are told at once, each with its hint; \`github-flows doctor\` checks the rest.

This page is made from the table in \`src/config/options.ts\` by \`npm run docs\`.

| option | default | what it is |
|---|---|---|
`;

/** docs/configuration.md, whole. */
export function configurationPage(): string {
  const rows = OPTIONS.map((option) => {
    const value = option.default === null || option.default === '' ? '–' : `\`${option.default}\``;
    return `| \`${option.name}\` | ${value} | ${option.sentence} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}
