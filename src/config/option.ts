import type { Owner } from '../base/files.ts';
import type { Secret } from '../base/secret.ts';

/** What the text of an option becomes, by the option's type. */
export type OptionValues = {
  text: string;
  image: string;
  port: number;
  /** A whole number from 1, or from 0. */
  count: number;
  amount: number;
  bytes: number;
  number: number;
  /** An address; `web` is never a file's. */
  url: string;
  web: string;
  /** Absolute. */
  path: string;
  paths: readonly string[];
  owner: Owner;
  network: 'open' | 'none' | { allow: readonly string[] };
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  switch: boolean;
  passphrase: Secret;
  order: readonly ('profile' | 'global' | 'environment')[];
  'host-keys': 'pinned' | 'accept-new';
  database: Secret;
  secret: Secret;
};

/** How an option's text becomes a value. */
export type OptionType = keyof OptionValues;

/** One row of the table that both the loader and docs/configuration.md are made from. */
export type Option<Type extends OptionType = OptionType> = {
  name: string;
  type: Type;
  /** As it would be written in `.env`; null when there is none. */
  default: string | null;
  sentence: string;
};
