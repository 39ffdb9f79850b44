/** Kinds of characters that tokens are made of. */
export type TokenAlphabet =
  | 'upper'
  | 'hex'
  | 'letters'
  | 'word'
  | 'dashed'
  | 'dotted'
  | 'hyphens'
  | 'slashed'
  | 'base64'
  | 'any';

/** What follows one of `prefixes`: at least `min` and at most `max` characters of `body`. */
export type Row = {
  /** The name of the kind, with its article. */
  what: string;
  prefixes: readonly string[];
  body: TokenAlphabet;
  min: number;
  max?: number;
  /** Whether at least one digit must be among them: ordinary words have none. */
  hasDigit?: true;
  /** Whether a whole word must be over after `max`. */
  isExact?: true;
  /** Whether quotes, blanks and `=` or `:` may stand between, as after the name of a setting; the name is no secret. */
  isNamed?: true;
  /** What the token must be, prefix and all, from its beginning on. */
  whole?: RegExp;
  /** Whether a dash before it makes it part of a longer word. */
  isApart?: true;
  /** What must stand before it; that is shown. */
  after?: RegExp;
};

type More = Omit<Row, 'what' | 'prefixes' | 'body' | 'min'>;

function row(what: string, prefixes: string, body: TokenAlphabet, min: number, more: More = {}): Row {
  return { what, prefixes: prefixes.split(' '), body, min, ...more };
}

/** Exactly `max` characters. */
function exactly(max: number): More {
  return { max, isExact: true };
}

const digit: More = { hasDigit: true };
const apart: More = { isApart: true };

/** The user id that a Discord token begins with is digits in base64. */
const DISCORD_STARTS = [...'MNO']
  .flatMap((one) => [...'DTjz'].flatMap((two) => [...'AEIMQUYcgk'].map((three) => one + two + three)))
  .join(' ');

const HEX_DIGITS = [...'0123456789abcdef'];

/**
 * What the tokens of well-known services look like, as those services and the scanners of secrets publish it:
 * https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns,
 * https://github.com/gitleaks/gitleaks, https://github.com/trufflesecurity/trufflehog. A prefix is as long as what
 * follows it is loose.
 */
export const ROWS: readonly Row[] = [
  row('a GitHub token', 'ghp_ gho_ ghu_ ghr_', 'word', 16, digit),
  // Newer tokens of Apps hold a JSON Web Token: https://github.blog/changelog/label/github-apps/
  row('a GitHub token', 'ghs_', 'dotted', 16, { max: 4096, hasDigit: true }),
  row('a GitHub token', 'github_pat_', 'word', 20),
  row(
    'a GitLab token',
    'glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glsoat- gloas- glffct- glagent- GR1348941',
    'dotted',
    16,
    digit,
  ),
  row('an Atlassian token', 'ATATT3 ATCTT3 ATBB', 'dashed', 24, {
    hasDigit: true,
    whole: /^AT(?:ATT3|CTT3|BB)[\w=-]{24,}/,
  }),
  row('an Anthropic key', 'sk-ant-', 'dashed', 16, { ...apart, ...digit }),
  row('an OpenAI key', 'sk-proj- sk-svcacct- sk-admin- sk-None- sk-or-v1- sk-lf-', 'dashed', 20, {
    ...apart,
    ...digit,
  }),
  row('an OpenAI key', 'sk-', 'letters', 20, { ...apart, ...digit }),
  row('an OpenAI key', 'sess-', 'letters', 40, { ...apart, ...digit }),
  row('an AWS access key', 'AKIA ASIA ABIA ACCA', 'upper', 16, exactly(16)),
  row('an AWS secret key', '_access_key _ACCESS_KEY AccessKey', 'base64', 40, {
    ...exactly(40),
    isNamed: true,
  }),
  row('an AWS Bedrock key', 'ABSK bedrock-api-key-', 'base64', 100),
  row(
    'a Slack token',
    'xoxa- xoxb- xoxe- xoxe.xoxb- xoxe.xoxp- xoxo- xoxp- xoxr- xoxs- xoxc- xoxd- xapp-',
    'hyphens',
    10,
    digit,
  ),
  row(
    'a Slack webhook',
    'hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/',
    'slashed',
    20,
  ),
  row('a Google API key', 'AIza', 'dashed', 30, { ...apart, ...digit }),
  row('a Google OAuth secret', 'GOCSPX-', 'dashed', 20, apart),
  row('a Google OAuth secret', 'ya29.', 'dotted', 20, apart),
  row('a Google refresh token', '1//0', 'dashed', 38),
  row('a JSON Web Token', 'eyJ', 'dotted', 30, {
    ...apart,
    max: 16_384,
    whole: /^eyJ[\w-]{8,}\.(?:eyJ[\w-]{8,}\.[\w-]{8,}|[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})/,
  }),
  row('an npm token', 'npm_', 'letters', 30),
  row('a PyPI token', 'pypi-', 'dashed', 30, digit),
  row('a RubyGems token', 'rubygems_', 'hex', 40),
  row('a crates.io token', 'cio', 'letters', 32, { ...apart, ...exactly(32), hasDigit: true }),
  row('a NuGet key', 'oy2', 'letters', 43, { ...apart, ...exactly(43), hasDigit: true }),
  row('a Clojars token', 'CLOJARS_', 'letters', 60),
  row('a Docker Hub token', 'dckr_pat_ dckr_oat_', 'dashed', 20),
  row('an Artifactory token', 'AKCp cmVmdGtu', 'letters', 50, digit),
  row('a Hugging Face token', 'hf_ api_org_', 'letters', 30),
  row('a Stripe key', 'sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_', 'letters', 16),
  row('a Stripe key', 'whsec_', 'base64', 24),
  row('a Square token', 'EAAAE EAAAl sq0atp- sq0csp-', 'dashed', 22, digit),
  row('a Shopify token', 'shpat_ shpca_ shppa_ shpss_ shptka_', 'hex', 32),
  row('a PayPal token', 'access_token$production$', 'any', 32, { max: 128 }),
  row(
    'a Razorpay, Flutterwave or Shippo key',
    'rzp_live_ FLWSECK- FLWSECK_TEST- shippo_live_ shippo_test_',
    'hyphens',
    14,
    digit,
  ),
  row('a SendGrid key', 'SG.', 'dotted', 30, { ...apart, whole: /^SG\.[\w-]{16,64}\.[\w-]{16,}/ }),
  row('a Mailgun or Mailchimp key', 'key- pubkey- md-', 'letters', 22, {
    ...apart,
    max: 32,
    isExact: true,
    whole: /^(?:(?:pub)?key-[0-9a-f]{32}|md-(?=\w*\d)[\w-]{22})$/,
  }),
  row('a Brevo key', 'xkeysib- xsmtpsib-', 'hyphens', 40, digit),
  row('a Twilio key', HEX_DIGITS.map((one) => `SK${one}`).join(' '), 'hex', 31, exactly(31)),
  row('a Telegram bot token', ':AA', 'dashed', 31, { max: 64, after: /(?<!\d)\d{8,10}$/ }),
  row('a Discord token', DISCORD_STARTS, 'dotted', 48, {
    ...apart,
    max: 128,
    whole: /^[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}/,
  }),
  row('a Discord webhook', 'discord.com/api/webhooks/ discordapp.com/api/webhooks/', 'any', 60, {
    whole: /^\S{1,16}\/api\/webhooks\/\d{17,20}\/[\w-]{40,}/,
  }),
  row('a DigitalOcean token', 'dop_v1_ doo_v1_ dor_v1_', 'hex', 40),
  row('a Heroku key', 'HRKU-', 'dashed', 30, digit),
  row('a Vault or Terraform token', 'hvs. hvb. hvr.', 'dashed', 24),
  row('a Vault or Terraform token', '.atlasv1.', 'dashed', 40, { after: /[A-Za-z0-9]{14}$/ }),
  row('a Databricks token', 'dapi dkea dose', 'hex', 32, { max: 40 }),
  row('an Azure storage key', 'AccountKey= SharedAccessKey=', 'base64', 40),
  row(
    'an Azure client secret',
    HEX_DIGITS.slice(0, 10)
      .map((one) => `${one}Q~`)
      .join(' '),
    'any',
    31,
    { max: 40, after: /(?<![\w~.])[\w~.]{3}$/ },
  ),
  row('an Azure signature', 'sig=', 'any', 43, {
    max: 128,
    after: /[?&;]$/,
    whole: /^sig=[A-Za-z0-9%/+]{43,120}(?:%3[Dd]|=)/,
  }),
  row('an Azure DevOps or OpenAI key of Azure', 'JQQJ99', 'letters', 60, { after: /[A-Za-z0-9]{20}$/ }),
  row('a Cloudflare key', 'v1.0-', 'hyphens', 100, digit),
  row('a Cloudflare key', 'cfut_ cfat_ cfk_', 'word', 40, digit),
  row('an Alibaba or Tencent key', 'LTAI AKID', 'letters', 16, {
    max: 36,
    hasDigit: true,
    whole: /^(?=.{4,39}$)(?=\w*[a-z])(?=\w*\d)\w+/,
  }),
  row('a Linear or Notion token', 'lin_api_ lin_oauth_ ntn_', 'letters', 30),
  row('a Linear or Notion token', 'secret_', 'letters', 43, { ...exactly(43), hasDigit: true }),
  row('a Vercel or Netlify token', 'vcp_ vci_ vca_ vcr_ vck_ nfp_ nfc_ nfo_ nfb_', 'letters', 24, digit),
  row('an Airtable token', 'pat', 'dotted', 79, {
    ...apart,
    max: 79,
    isExact: true,
    whole: /^pat[A-Za-z0-9]{14}\.[0-9a-f]{64}$/,
  }),
  row('a Figma or Postman token', 'figd_ figo_ figu_ PMAK-', 'dashed', 32, digit),
  row('a Grafana token', 'glsa_ glc_', 'base64', 32, { hasDigit: true, whole: /^gl(?:sa|c)_[\w+/=]{32,}/ }),
  row('a New Relic key', 'NRAK- NRJS- NRII- NRAL-', 'dashed', 18, digit),
  row('a Sentry token', 'sntrys_ sntryu_', 'any', 40, digit),
  row('a Dynatrace token', 'dt0c01. dt0s16.', 'dotted', 80),
  row('a SonarQube or Pulumi token', 'squ_ sqp_ sqa_ pul-', 'hex', 40),
  row('a Doppler token', 'dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.', 'dotted', 40, digit),
  row(
    'a PlanetScale or Supabase token',
    'pscale_tkn_ pscale_pw_ pscale_oauth_ sbp_ sb_secret_',
    'dashed',
    30,
    digit,
  ),
  row('a Groq, xAI, Perplexity or Replicate key', 'gsk_ xai- pplx- r8_', 'letters', 30),
  row('a CircleCI, Buildkite or Sourcegraph token', 'CCIPAT_ CCIPRJ_ bkua_ bkaj_ sgp_', 'word', 32, digit),
  row('a Fly.io or Tailscale key', 'fo1_ fm1r_ fm2_ tskey-', 'dashed', 20, digit),
  row('a Contentful or Mapbox token', 'CFPAT- sk.eyJ', 'dotted', 40),
  row('a Prefect, ReadMe or Typeform token', 'pnu_ rdme_ tfp_', 'dashed', 36, digit),
  row('a Weights & Biases, Clerk or Rootly key', 'wandb_v1_ rootly_ ak_live_', 'word', 40, digit),
  row('a 1Password token', 'ops_eyJ', 'base64', 100),
  row('an OpenShift token', 'sha256~', 'dashed', 43),
  row('an EasyPost key', 'EZAK EZTK', 'letters', 54, exactly(54)),
  row('a Meta token', 'EAAB EAAC EAAD EAAG EAAJ EAAM', 'letters', 80, digit),
  row('a Firebase key', ':APA91b', 'dashed', 120),
  row('an age key', 'AGE-SECRET-KEY-1', 'upper', 20),
];
