import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Asked } from './described.ts';
import { type GitHubDescription, loadGitHubDescription } from './description.ts';

/** Read at the first question. */
let loaded: GitHubDescription | undefined;

function answer(asked: Asked): unknown {
  loaded ??= loadGitHubDescription();
  const description = loaded;
  switch (asked.about) {
    case 'paths':
      return {
        operations: description.operations,
        examples: asked.templates.map((template) => [template, description.examplesOf(template)]),
      };
    case 'request':
      return description.faultsOfRequest({ ...asked.request, query: new URLSearchParams(asked.query) });
    case 'answer':
      return description.faultsOfAnswer(asked.template, asked.method, asked.status, asked.body);
  }
}

// Answers questions about GitHub's description on the socket that is its argument, for as long as its input is open.
const server = createServer((incoming, response) => {
  void json(incoming)
    .then((asked) => answer(asked as Asked))
    .then(
      (answered) => response.end(JSON.stringify(answered)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});
server.listen(process.argv[2], () => process.stdout.write('listening\n'));
process.stdin.once('end', () => process.exit(0)).resume();
