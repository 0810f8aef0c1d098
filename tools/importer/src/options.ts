import { helpRows, isSafeUrl, keyFileOption, readArguments, unsafeUrl, type Parsed } from '@heliograph/operator-command';
import type { Format } from './file.ts';
import type { Ownership } from './plan.ts';
import type { SecretForm } from './users.ts';

export interface Options {
  readonly file: string;
  readonly format: Format | undefined;
  readonly passwords: SecretForm;
  readonly ownership: Ownership;
  readonly pricePlanId: string;
  /** Of http-api. Undefined: nobody is asked. */
  readonly url: string | undefined;
  readonly keyFile: string | undefined;
  readonly apply: boolean;
}

export type ParsedOptions = Parsed<Options>;

const optionTable = {
  tenant: { type: 'string', argument: 'ID', help: 'all users become system ids of this tenant, which must exist; their credits are its' },
  'tenant-per-user': { type: 'boolean', help: 'each user becomes a tenant of its own, named after it' },
  'price-plan': { type: 'string', argument: 'ID', default: 'standard', help: 'of the tenants that are made' },
  passwords: {
    type: 'string',
    argument: 'hash|plain',
    default: 'hash',
    help: 'what the column PasswordHash holds: SHA-1 of the UTF-16LE password as 40 hex digits, or the password itself',
  },
  format: { type: 'string', argument: 'csv|sql', help: 'of the file; without it, by its content' },
  url: { type: 'string', argument: 'URL', help: 'of http-api; a dry run with it also says who is there already' },
  'key-file': keyFileOption,
  apply: { type: 'boolean', help: 'do it; without it nothing is changed' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const;

export function parseOptions(args: readonly string[]): ParsedOptions {
  const parsed = readArguments({ args: [...args], options: optionTable, allowPositionals: true });
  if (typeof parsed === 'string') return { kind: 'wrong', errors: [parsed] };
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  const passwords = (['hash', 'plain'] as const).find((form) => form === values.passwords);
  const [file, ...more] = positionals;
  const errors = [
    file === undefined && 'name the file: a CSV or a SQL dump',
    more.length > 0 && `one file at a time: "${more[0]}" is too much`,
    (values.tenant === undefined) === (values['tenant-per-user'] !== true) && 'say either --tenant ID or --tenant-per-user',
    !passwords && '--passwords must be hash or plain',
    values.format !== undefined && !['csv', 'sql'].includes(values.format) && '--format must be csv or sql',
    values.url !== undefined && !isSafeUrl(values.url) && unsafeUrl,
    values.apply && values.url === undefined && '--apply needs --url',
  ].filter((error) => typeof error === 'string');
  if (errors.length > 0 || file === undefined || !passwords) return { kind: 'wrong', errors };
  return {
    kind: 'run',
    options: {
      file,
      format: values.format as Format | undefined,
      passwords,
      ownership: values.tenant === undefined ? { perUser: true } : { tenant: values.tenant },
      pricePlanId: values['price-plan'],
      url: values.url,
      keyFile: values['key-file'],
      apply: values.apply ?? false,
    },
  };
}

export function helpText(): string {
  return [
    'npm run import-users -- FILE (--tenant ID | --tenant-per-user) [options]',
    '',
    'Brings the users of an Auron-style SMPP server in: the table SmppServerUsers (SystemID, PasswordHash, Credits, AddressRange) as a CSV or a SQL dump.',
    'It is a dry run unless --apply is given. The same file a second time changes nothing.',
    '',
    ...helpRows(optionTable),
    '',
  ].join('\n');
}
