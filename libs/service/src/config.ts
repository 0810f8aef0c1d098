import { hostname } from 'node:os';
import { z } from 'zod';
import { scrub } from './mask.ts';

/** What `readConfig` gives for a schema: the values after parsing, each key typed. */
export type Config<S extends z.ZodObject> = z.output<S>;

/** The environment as Node has it: names to texts. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type ParsedConfig<S extends z.ZodObject> = { ok: true; config: Config<S> } | { ok: false; errors: string[] };

/** One row of a configuration table. `default` is absent when there is none or when it must not be shown. */
export type ConfigRow = { name: string; env: string; description: string; default?: string; required: boolean; secret: boolean };

/** Checks at load time what a table of the configuration needs later: every key upper case and described. Throws: that is a bug. */
export const defineConfig = <S extends z.ZodObject>(schema: S): S => {
  const wrong = Object.entries(fieldsOf(schema)).flatMap(([key, field]) => [
    ...(/^[A-Z][A-Z0-9_]*$/.test(key) ? [] : [`${key}: name must be UPPER_CASE`]),
    ...(metaOf(field).description ? [] : [`${key}: has no description`]),
  ]);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return schema;
};

/**
 * Reads a configuration from the environment and nothing else. An empty variable counts as unset, so that `NAME=` in an `.env` file means the default.
 * Reports every error at once, a line each; the value of a secret is never in one.
 */
export const parseConfig = <S extends z.ZodObject>(schema: S, env: Environment = process.env): ParsedConfig<S> => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given);
  return result.success
    ? { ok: true, config: result.data as Config<S> }
    : { ok: false, errors: result.error.issues.map((issue) => errorLine(issue, fieldsOf(schema), given)) };
};

/** As `parseConfig`, for callers with nothing else to do: throws one Error whose message is all the lines. */
export const readConfig = <S extends z.ZodObject>(schema: S, env: Environment = process.env): Config<S> => {
  const parsed = parseConfig(schema, env);
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  return parsed.config;
};

/** The rows of the configuration's table, in the schema's order. `name` is the service. */
export const documentConfig = (name: string, schema: z.ZodObject): ConfigRow[] =>
  Object.entries(fieldsOf(schema)).map(([env, field]) => {
    const meta = metaOf(field);
    const shown = meta.secret ? undefined : (meta.shown ?? defaultText(field));
    return {
      name,
      env,
      description: meta.description ?? '',
      ...(shown === undefined ? {} : { default: shown }),
      required: !field.safeParse(undefined).success,
      secret: meta.secret === true,
    };
  });

/** A whole number in `min`..`max`, both included. */
export const integer = ({ min, max }: { min: number; max: number }) =>
  field(`must be ${min}..${max}`, (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  });

/** A TCP port, 0..65535; 0 lets the system choose. */
export const port = () => integer({ min: 0, max: 65_535 });

/** A fraction, 0..1. */
export const ratio = () =>
  field('must be 0..1', (text) => {
    const value = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN;
    return value >= 0 && value <= 1 ? value : undefined;
  });

export const bool = () => field('must be true or false', (text) => boolWords.get(text.toLowerCase()));

/** A duration in milliseconds from `250ms`, `15s`, `5m`, `2h`, `1d` or a plain number of milliseconds. */
export const durationMs = () =>
  field('must be a duration such as 250ms, 15s, 5m, 2h or 1d', (text) => {
    const [, count, unit = 'ms'] = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text) ?? [];
    return count === undefined ? undefined : Number(count) * (unitMs.get(unit) ?? 1);
  });

/** Comma-separated items, trimmed; empty ones are dropped. */
export const list = () =>
  field('must be a comma-separated list', (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** A URL of one of these protocols (`'http:'`, `'https:'`), or several of them separated by commas, as a NATS cluster is named. Given back as written. */
export const url = (...protocols: string[]) =>
  field(`must be a URL of ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`, (text) =>
    text.split(',').every((one) => URL.canParse(one) && protocols.includes(new URL(one).protocol)) ? text : undefined,
  );

/** A text that no error, log or table may show. */
export const secret = () => z.string().meta({ secret: true });

const boolWords = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

const unitMs = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const field = <T>(must: string, read: (text: string) => T | undefined) =>
  z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: must });
    return z.NEVER;
  });

type Meta = { description?: string; secret?: boolean; shown?: string };
type Field = z.ZodType & { def: { type: string; innerType?: Field; in?: Field; defaultValue?: unknown } };

const fieldsOf = (schema: z.ZodObject) => schema.shape as unknown as Record<string, Field>;

const innerOf = ({ def }: Field): Field | undefined => def.innerType ?? def.in;

/** Zod keeps meta per instance and wrappers start empty: what an inner schema says holds unless an outer one says otherwise. */
const metaOf = (field: Field): Meta => {
  const inner = innerOf(field);
  return { ...(inner === undefined ? {} : metaOf(inner)), ...(field.meta() as Meta | undefined) };
};

const defaultText = (field: Field): string | undefined => {
  if (field.def.type === 'default' || field.def.type === 'prefault') return String(field.def.defaultValue);
  const inner = innerOf(field);
  return inner === undefined ? undefined : defaultText(inner);
};

const errorLine = (issue: z.core.$ZodIssue, fields: Record<string, Field>, given: Record<string, string | undefined>): string => {
  const key = issue.path[0] === undefined ? undefined : String(issue.path[0]);
  if (key === undefined) return issue.message;
  const value = given[key];
  if (value === undefined) return `${key}: is required`;
  const field = fields[key];
  const got = field === undefined || metaOf(field).secret ? '' : ` (got ${JSON.stringify(scrub(value).slice(0, 80))})`;
  return `${key}: ${issue.message}${got}`;
};

/** What every service reads; apps extend it, and omit what they do not use. Connection URLs carry passwords, so they count as secrets. Last, as it calls all of the above while loading. */
export const serviceConfig = defineConfig(
  z.object({
    DATABASE_URL: url('postgres:', 'postgresql:').meta({ secret: true }).describe('Postgres, with user and password'),
    NATS_URL: url('nats:', 'tls:', 'ws:', 'wss:').meta({ secret: true }).describe('NATS servers, comma-separated'),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        error: 'must be trace, debug, info, warn, error, fatal or silent',
      })
      .default('info')
      .describe('least severe level that is logged; debug has a line per message and stage'),
    HEALTH_HOST: z.string().default('127.0.0.1').describe('address that /live, /ready and /metrics listen on'),
    HEALTH_PORT: port().default(0).describe('their port; 0 takes any free one'),
    OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
      .optional()
      .describe('OTLP/HTTP collector for traces, metrics and logs; unset exports nothing'),
    TRACE_SAMPLE_RATIO: ratio().default(0.01).describe('share of the traces begun here that are recorded'),
    SERVICE_INSTANCE: z
      .string()
      .default(() => `${hostname()}-${process.pid}`)
      .meta({ shown: '<hostname>-<pid>' })
      .describe('name of this process among its equals'),
    DRAIN_MS: durationMs().default(15_000).describe('longest time to finish work in hand after SIGTERM'),
  }),
);
