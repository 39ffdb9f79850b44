/**
 * What the tokens of well-known services look like. Every pattern starts at the edge of a word and repeats one class of
 * characters, so that a long text costs no more than reading it.
 */
const SHAPES: readonly (readonly [what: string, shape: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----/],
  ['an age key', /\bAGE-SECRET-KEY-1[A-Z0-9]{20}/],
  ['a GitHub token', /(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{16}|github_pat_[A-Za-z0-9_]{20})/],
  ['a GitLab token', /(?<![A-Za-z0-9])gl(?:pat|rt|dt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{16}/],
  ['an Anthropic key', /(?<![A-Za-z0-9_-])sk-ant-[A-Za-z0-9_-]{16}/],
  [
    'an OpenAI key',
    /(?<![A-Za-z0-9_-])sk-(?:proj-|svcacct-|admin-|or-v1-)?(?=[A-Za-z_-]{0,200}\d)[A-Za-z0-9_-]{20}/,
  ],
  ['an AWS access key', /(?<![A-Za-z0-9])A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Za-z0-9])/],
  ['a Slack token', /(?<![A-Za-z0-9])(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10}/],
  ['a Slack webhook', /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/]{20}/],
  ['a Google API key', /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{30}/],
  ['a Google OAuth secret', /(?<![A-Za-z0-9_-])(?:GOCSPX-[A-Za-z0-9_-]{20}|ya29\.[A-Za-z0-9_-]{20})/],
  ['a JSON Web Token', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}/],
  ['an npm token', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30}/],
  ['a PyPI token', /(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{30}/],
  ['a RubyGems token', /(?<![A-Za-z0-9])rubygems_[a-f0-9]{40}/],
  ['a Docker Hub token', /(?<![A-Za-z0-9])dckr_(?:pat|oat)_[A-Za-z0-9_-]{20}/],
  ['a Hugging Face token', /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30}/],
  ['a Stripe key', /(?<![A-Za-z0-9])(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16}|whsec_[A-Za-z0-9+/]{24})/],
  ['a SendGrid key', /(?<![A-Za-z0-9_-])SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16}/],
  ['a Twilio key', /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/],
  ['a DigitalOcean token', /(?<![A-Za-z0-9])do[oprt]_v1_[a-f0-9]{40}/],
  ['a Groq or xAI key', /(?<![A-Za-z0-9])(?:gsk_|xai-)[A-Za-z0-9]{30}/],
  ['a Perplexity or Replicate key', /(?<![A-Za-z0-9])(?:pplx-|r8_)[A-Za-z0-9]{30}/],
  ['a Vault token', /(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{24}/],
  ['a Linear or Notion token', /(?<![A-Za-z0-9])(?:lin_api_|ntn_)[A-Za-z0-9]{30}/],
  ['a Telegram bot token', /(?<![A-Za-z0-9])\d{8,10}:AA[A-Za-z0-9_-]{32}/],
  ['an Azure storage key', /AccountKey=[A-Za-z0-9+/]{80}/],
];

/** What of a known shape a text holds, in words (`a GitHub token`), or undefined. */
export function tokenIn(text: string): string | undefined {
  return SHAPES.find(([, shape]) => shape.test(text))?.[0];
}
