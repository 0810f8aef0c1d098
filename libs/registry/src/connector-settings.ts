import { isIP } from 'node:net';
import { z } from 'zod';

/** How a provider writes a message id, in submit_sm_resp and in receipts: they often differ. */
const idForm = z.enum(['string', 'hex', 'decimal']);

/** Tags that carry the message itself (SMPP 3.4 §5.3.2): sar_msg_ref_num, sar_total_segments, sar_segment_seqnum, message_payload. */
const tagsOfMessage: ReadonlySet<number> = new Set([0x020c, 0x020e, 0x020f, 0x0424]);
const tag = z
  .int()
  .min(0x0001)
  .max(0xffff)
  .refine((value) => !tagsOfMessage.has(value), 'belongs to the message itself');

const octetsMax = 255;
const hexOctets = z
  .string()
  .regex(/^([0-9a-f]{2})*$/i, 'must be hex, two digits an octet')
  .max(2 * octetsMax);

/** Types of number and numbering plans are one octet (§5.2.5, §5.2.6). */
const octet = z.int().min(0).max(255);

/** As events show a command_status. ESME_ROK is no refusal, whatever the settings say. */
const refusedStatus = z.string().regex(/^0x(?!0{8}$)[0-9a-f]{8}$/i);
const meanings = z.record(refusedStatus, z.enum(['later', 'throttled', 'permanent']), {
  error: ({ code }) => (code === 'invalid_key' ? 'must be a command_status other than ESME_ROK, as 0x0000000B' : undefined),
});

const secondsMax = 7 * 24 * 60 * 60;
const retryTimes = z
  .array(z.int().min(1).max(secondsMax))
  .min(1)
  .max(30)
  .refine((times) => times.every((time, i) => i === 0 || time > (times[i - 1] as number)), 'must be ascending');
const retriedReason = z.union([z.enum(['later', 'throttled', 'unknown']), refusedStatus]);
const retries = z.record(retriedReason, retryTimes, {
  error: ({ code }) =>
    code === 'invalid_key' ? 'must be later, throttled, unknown or a command_status other than ESME_ROK, as 0x00000058' : undefined,
});

/** Settings of a connector of kind `smpp`; the password is the connector's sealed secret. */
export const smppConnectorSettings = z
  .strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65535),

    /** The provider's certificate must verify, always. */
    tls: z.boolean().default(false),
    /** The name the certificate must be for, also sent as SNI; empty = `host`. */
    tlsServerName: z
      .string()
      .max(253)
      .refine((name) => isIP(name) === 0, 'must be a name, not an address')
      .default(''),
    /** Authorities to verify it against instead of the usual ones, PEM, one after the other; empty = the usual ones. */
    tlsCaPem: z.string().max(100_000).default(''),
    /** Certificate that we show, PEM, with its chain; empty = none. */
    tlsCertificatePem: z.string().max(100_000).default(''),
    /** Its private key, PEM, sealed with the master key, context `connector-tls-key:<id>`. */
    tlsKeySealed: z.string().max(100_000).default(''),

    systemId: z.string().max(15).default(''),
    systemType: z.string().max(12).default(''),
    /** `tx+rx`: each bind is a transmitter and a receiver; receipts come on the receiver. */
    bind: z.enum(['transceiver', 'tx+rx']).default('transceiver'),
    /** Binds held at once. */
    binds: z.int().min(1).max(64).default(1),
    /** Unanswered submit_sm per bind. */
    window: z.int().min(1).max(10_000).default(100),
    /** 0 = as fast as the provider answers. */
    segmentsPerSecond: z.number().min(0).default(0),
    responseTimeoutMs: z.int().min(100).default(60_000),
    enquireLinkMs: z.int().min(100).default(30_000),

    /** What data_coding 0 means to the provider (§5.2.19 leaves it to the SMSC). Text that is not in it goes out as UCS-2. */
    defaultAlphabet: z.enum(['gsm', 'latin1', 'ascii']).default('gsm'),
    /** Septets of GSM 03.38: one in each octet, or eight in seven octets. */
    gsmPacking: z.enum(['unpacked', 'packed']).default('unpacked'),
    /** How the parts of a long text are told: header with an 8-bit or a 16-bit reference, SAR TLVs, or not split at all (message_payload). */
    longMessages: z.enum(['udh', 'udh16', 'sar', 'payload']).default('udh'),
    /** source_addr_ton and source_addr_npi of every message, whatever its sender is. */
    sourceTon: octet.optional(),
    sourceNpi: octet.optional(),
    /** Which of a tenant's TLVs go out: `standard` = those of SMPP 3.4, a list = these tags. */
    passTlvs: z.union([z.enum(['none', 'standard', 'all']), z.array(tag).max(100)]).default('none'),
    /** TLVs of every submit_sm, `value` in hex; they win over a tenant's of the same tag. */
    addTlvs: z
      .array(z.strictObject({ tag, value: hexOctets }))
      .max(20)
      .default([]),

    respIdForm: idForm.default('string'),
    receiptIdForm: idForm.default('string'),
    /** For ids that are no numbers: `keep` where `aB1` and `Ab1` are two messages. */
    idCase: z.enum(['ignore', 'keep']).default('ignore'),
    /** For ids that are no numbers: `keep` where `01` and `1` are two messages. */
    idLeadingZeros: z.enum(['strip', 'keep']).default('strip'),

    /** What a refusal means where this provider differs from the usual: command_status to `later`, `throttled` (later, and slower) or `permanent`. */
    answers: meanings.default({}),
    /** A submit_sm that was never answered may have been taken: send it again, or fail it. */
    unknownOutcome: z.enum(['resend', 'fail']).default('resend'),
    /**
     * When a message is tried again, by what was answered: seconds since it was first tried on this connector, 1 to 30 of them, ascending. After the
     * last the answer counts as permanent. Without a list: after 1 s doubling to 60 s, until its validity ends, which ends the others, too.
     */
    retries: retries.default({}),
    /** A message without a receipt so many seconds after it was sent ends as no_report; without it, after the platform's time for all. */
    noReportAfterS: z
      .int()
      .min(60)
      .max(30 * 24 * 60 * 60)
      .optional(),
  })
  .superRefine((settings, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    for (const name of ['tlsServerName', 'tlsCaPem', 'tlsCertificatePem', 'tlsKeySealed'] as const)
      if (!settings.tls && settings[name] !== '') wrong(name, 'means nothing without tls');
    if ((settings.tlsCertificatePem === '') !== (settings.tlsKeySealed === '')) wrong('tlsCertificatePem', 'and tlsKeySealed go together');
    if (settings.gsmPacking === 'packed' && settings.defaultAlphabet !== 'gsm')
      wrong('gsmPacking', `packs septets, and data_coding 0 is ${settings.defaultAlphabet}`);
  });
export type SmppConnectorSettings = z.infer<typeof smppConnectorSettings>;
