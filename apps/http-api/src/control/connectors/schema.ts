import { connectorModes } from '@heliograph/message';
import { smppConnectorSettings } from '@heliograph/registry';
import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { id, senderPatterns } from '../schema.ts';

// a key is given and kept as the password is, beside the settings
const { tlsKeySealed: _, ...shown } = smppConnectorSettings.shape;

/** What the settings say of each other is checked when the key is known. */
const settings = z.strictObject(shown).superRefine((given, context) => {
  // PostgreSQL's JSON has neither
  if (/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(given)))
    context.addIssue({ code: 'custom', message: 'must have no U+0000 and no unpaired surrogates' });
});

const fields = {
  kind: z.literal('smpp').default('smpp'),
  senders: senderPatterns.describe('senders that its provider takes, each perhaps with a star at its end; empty: all'),
  enabled: z.boolean().default(true).describe('false: it sends what it has in hand, unbinds, and stays away'),
};

export const connectorPut = z.strictObject({
  ...fields,
  groupId: id.optional().describe('receipts of connectors in one group are matched together; default its own id'),
  settings,
  // SMPP 3.4 §5.2.2: at most 8 octets and the NUL
  password: z
    .string()
    .max(8)
    .regex(/^[\x01-\xff]*$/, 'must be Latin-1')
    .optional()
    .describe('of the bind; kept sealed and never shown; without it the one before stays; empty: none'),
  tlsKey: z
    .string()
    .max(50_000)
    .regex(/^-----BEGIN [A-Z ]*PRIVATE KEY-----[\x09-\x7e]*$/, 'must be a private key in PEM')
    .optional()
    .describe('private key of tlsCertificatePem, PEM; kept sealed and never shown; without it the one before stays'),
});
export type ConnectorPut = z.output<typeof connectorPut>;

export const connector = z.strictObject({
  id,
  ...fields,
  mode: z.enum(connectorModes).describe('what an operator wants of it just now; PUT /v1/connectors/{id}/mode'),
  groupId: z.string(),
  settings,
  passwordSet: z.boolean(),
  tlsKeySet: z.boolean(),
});

named.add(settings, { id: 'SmppConnectorSettings' });
named.add(connectorPut, { id: 'ConnectorPut' });
named.add(connector, { id: 'Connector' });
