import { z } from 'zod';

/** What the schemas of all resources share. */

export const number = z.string().describe('phone number in E.164 form, such as +31612345678');

export const credits = z
  .string()
  .regex(/^-?\d+\.\d{6}$/)
  .describe('credits, a decimal number with six places');

export const time = z.iso.datetime().describe('UTC, RFC 3339');

/** In UTC both have a year of four digits, which is what RFC 3339 can say, and one that PostgreSQL has. */
const [timeMinMs, timeMaxMs] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** A time that somebody gives, with any offset. */
export const timeGiven = z.iso
  .datetime({ offset: true })
  .refine((text) => !(Date.parse(text) < timeMinMs || Date.parse(text) > timeMaxMs), 'must be in the years 1 to 9999, in UTC');

const fieldError = z.strictObject({
  field: z.string().describe('JSON pointer to the field, or ?name of a query parameter'),
  message: z.string(),
});

export const problemDetails = z.strictObject({
  type: z.string().describe('/problems/ and the reason; stable'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().describe('what happened this time'),
  errors: z.array(fieldError).optional().describe('the fields at fault'),
});

/** Names in the OpenAPI document. */
export const named = z.registry<{ id: string }>();
named.add(fieldError, { id: 'FieldError' });
named.add(problemDetails, { id: 'Problem' });
