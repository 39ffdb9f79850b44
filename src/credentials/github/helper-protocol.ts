/** What git asks a credential helper: https://git-scm.com/docs/git-credential#IOFMT. */
type CredentialQuestion = { protocol: string; host: string; path: string; username: string };

/** The answer; `expiresAt` in milliseconds, null when it is unknown. */
export type CredentialAnswer = { username: string; password: string; expiresAt: number | null };

/** Whether `input` has all of a question: it ends with the first empty line. */
export function isWholeQuestion(input: string): boolean {
  return /^\r?\n|\n\r?\n/.test(input);
}

/** The attributes of a question up to its first empty line; those that are not known are passed over, as git demands. */
export function readQuestion(input: string): CredentialQuestion {
  const question: CredentialQuestion = { protocol: '', host: '', path: '', username: '' };
  for (const line of input.split(/\r?\n/)) {
    if (line === '') break;
    const split = line.indexOf('=');
    const name = line.slice(0, Math.max(0, split));
    if (Object.hasOwn(question, name)) question[name as keyof CredentialQuestion] = line.slice(split + 1);
  }
  return question;
}

/** Whether the question is about the server at `serverUrl`: its scheme, host and port, whatever the case, and no other. */
export function isAbout({ protocol, host }: CredentialQuestion, serverUrl: string): boolean {
  const server = new URL(serverUrl);
  const address = `${protocol}://${host}`;
  if (!/^https?$/.test(protocol) || !/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(address)) return false;
  return new URL(address).origin === server.origin;
}

/** The repository (`owner/name`) that a question's path leads to, below the path of `serverUrl`, also from its wiki; git gives a path only with `credential.useHttpPath`. */
export function repositoryIn({ path }: CredentialQuestion, serverUrl: string): string | undefined {
  const above = new URL(serverUrl).pathname.replace(/^\/|\/$/g, '');
  const below = above !== '' && path.startsWith(`${above}/`) ? path.slice(above.length + 1) : path;
  const [owner = '', name = ''] = below.replace(/^\//, '').split('/');
  const isName = (part: string): boolean => /^[\w.-]{1,100}$/.test(part) && !/^\.\.?$/.test(part);
  const plain = name.replace(/(\.wiki)?(\.git)?$/, '');
  return isName(owner) && isName(plain) ? `${owner}/${plain}` : undefined;
}

/** The answer as git reads it; empty when there is none, or it has expired. A user name in the question is kept: GitHub accepts any beside a token. */
export function writeAnswer(
  question: CredentialQuestion,
  answer: CredentialAnswer | undefined,
  nowMs: number,
): string {
  if (!answer || (answer.expiresAt !== null && answer.expiresAt <= nowMs)) return '';
  const { protocol, host } = question;
  const lines = Object.entries({
    protocol,
    host,
    username: question.username || answer.username,
    password: answer.password,
    ...(answer.expiresAt === null ? {} : { password_expiry_utc: Math.floor(answer.expiresAt / 1000) }),
  });
  return lines.map(([name, value]) => `${name}=${value}\n`).join('');
}
