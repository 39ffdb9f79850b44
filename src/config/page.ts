import { OPTIONS } from './options.ts';

const HEAD = `# Configuration

Every option is an environment variable, or a line of \`.env\` in the directory the service is started in; the environment wins. Relative paths are taken from that directory, and \`~\` is the home of the service's user. Sizes are written as Docker writes them: \`512m\`, \`4g\`. All faults are told at once, each with its mend; \`github-flows doctor\` checks the rest.

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
