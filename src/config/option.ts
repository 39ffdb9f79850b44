/** How an option's text becomes a value. */
export type OptionType =
  | 'text'
  | 'image'
  | 'port'
  | 'count'
  | 'amount'
  | 'bytes'
  | 'number'
  | 'url'
  | 'web'
  | 'path'
  | 'paths'
  | 'owner'
  | 'network'
  | 'level'
  | 'switch'
  | 'passphrase'
  | 'order'
  | 'host-keys'
  | 'database'
  | 'secret';

/** One row of the table that both the loader and docs/configuration.md are made from. */
export type Option = {
  name: string;
  type: OptionType;
  /** As it would be written in `.env`; null when there is none. */
  default: string | null;
  sentence: string;
};
