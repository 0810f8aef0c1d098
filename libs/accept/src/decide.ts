import { parseE164, parseSender } from '@heliograph/e164';
import { isTestNumber, newId, testRefusalOf, type Message, type Sender } from '@heliograph/message';
import { guardsOf, isUsable, routeFactsOf, type Snapshot, type Tenant } from '@heliograph/registry';
import { allowedSenders } from '@heliograph/routing';
import { countContent, segmentsMax } from './content.ts';
import { guard } from './guard.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { Submission } from './submission.ts';
import { timesOf } from './times.ts';

/** An acceptable message, not charged yet, and its price. */
export type Decision = { readonly ok: true; readonly message: Omit<Message, 'charge'>; readonly microCredits: bigint } | Refusal;

/** Whether a submission is taken, at which price, and as which message. Pure but for the new id. */
export function decide(submission: Submission, snapshot: Snapshot, nowMs: number): Decision {
  const credential = snapshot.credentials.get(submission.credential);
  const tenant = credential && snapshot.tenants.get(credential.tenantId);
  // a credential that was taken back, or has expired, while its session or request was open
  if (!tenant || !isUsable(credential, snapshot, nowMs)) return refuse('not_permitted', 'the credential is not valid any more');

  const to = parseE164(submission.to.addr, {
    ...(tenant.defaultCountry === '' ? {} : { defaultCountry: tenant.defaultCountry }),
    ...(submission.to.ton === undefined ? {} : { ton: submission.to.ton }),
    ...(submission.to.npi === undefined ? {} : { npi: submission.to.npi }),
  });
  if (!to.ok) return refuse('bad_number', 'the recipient is not an international number of 7 to 15 digits');
  const from = senderOf(submission);
  if (!from)
    return refuse('bad_sender', 'the sender is neither a number, a short code of 3 to 6 digits nor a name of at most 11 characters');
  if (allowedSenders(tenant.senders ?? [])?.has(from.addr) === false)
    return refuse('bad_sender', 'this sender is not among those you may use');

  const counted = countContent(submission.content, segmentsMax);
  if (!counted.ok) return counted;
  const { segments } = counted;
  const times = timesOf(submission, { acceptedAtMs: nowMs, nowMs });
  if (!times.ok) return times;
  const { startMs, validUntilMs } = times;
  if (submission.webhook !== undefined && !isWebUrl(submission.webhook))
    return refuse('bad_webhook', 'the webhook is not an http or https URL');

  const testRefusal = testRefusalOf(to.number);
  if (testRefusal !== undefined) return refuse(testRefusal, 'messages to this test number are always refused so');
  const test = credential.mode === 'test' || isTestNumber(to.number);
  // what never leaves the platform pumps nobody's numbers
  const refusal = test ? undefined : guard({ digits: to.number.slice(1), segments }, guardsOf(tenant));
  if (refusal) return refusal;
  const id = submission.id ?? newId();
  const wanted: Wanted = {
    id,
    tenant,
    from,
    digits: to.number.slice(1),
    class: submission.class ?? 'normal',
    content: submission.content,
    segments,
  };
  const priced = test ? free : priceOf(wanted, snapshot, nowMs);
  if (!priced.ok) return priced;

  return {
    ok: true,
    microCredits: priced.perSegment * BigInt(segments),
    message: {
      id,
      tenant: tenant.id,
      credential: credential.id,
      door: submission.door,
      from,
      to: to.number,
      class: wanted.class,
      segments,
      acceptedAtMs: nowMs,
      ...(startMs > nowMs ? { sendAtMs: startMs } : {}),
      validUntilMs,
      registeredDelivery: submission.registeredDelivery ?? 0,
      content: submission.content,
      ...(submission.flash ? { flash: true } : {}),
      ...(submission.replaceIfPresent ? { replaceIfPresent: true } : {}),
      ...(submission.optOutExempt ? { optOutExempt: true } : {}),
      ...(startMs > nowMs ? codingOf(submission) : {}),
      ...(submission.receiptId === undefined ? {} : { receiptId: submission.receiptId }),
      ...(submission.tlvs === undefined ? {} : { tlvs: submission.tlvs }),
      ...(submission.reference === undefined ? {} : { reference: submission.reference }),
      ...(submission.webhook === undefined ? {} : { webhook: submission.webhook }),
      ...(test ? { test } : {}),
    },
  };
}

type Priced = { readonly ok: true; readonly perSegment: bigint } | Refusal;

/** What never leaves the platform needs no route and no price. */
const free: Priced = { ok: true, perSegment: 0n };

/** What route and price of a message depend on. */
interface Wanted extends Pick<Message, 'id' | 'from' | 'class' | 'content' | 'segments'> {
  readonly tenant: Pick<Tenant, 'id' | 'pricePlanId' | 'refuseAtLoss'>;
  readonly digits: string;
}

function priceOf({ id, tenant, content, ...wanted }: Wanted, snapshot: Snapshot, nowMs: number): Priced {
  const { digits } = wanted;
  // the router decides again, by how the connectors do then: a message that waits an hour does not care who is well now
  const route = snapshot.routes.decide(
    { ...wanted, messageId: id, tenant: tenant.id, nowMs, ...(content.kind === 'text' ? { text: content.text } : {}) },
    routeFactsOf(snapshot),
  );
  if (!route.ok) return refuse('unroutable', 'no route leads to this number');
  const perSegment = snapshot.price(tenant.pricePlanId, digits, nowMs);
  if (perSegment === undefined) return refuse('no_price', "the tenant's price plan has no price for this number");
  // both are per segment; nobody having said what the provider takes, there is nothing to compare with
  if (tenant.refuseAtLoss && (snapshot.buyPrice(route.connector, digits, nowMs) ?? 0n) > perSegment)
    return refuse('at_loss', 'no route leads to this number at your price');
  return { ok: true, perSegment };
}

/** For a replace_sm that may come while it waits. */
function codingOf({ dataCoding, udhi }: Submission): Pick<Message, 'dataCoding' | 'udhi'> {
  return { ...(dataCoding === undefined ? {} : { dataCoding }), ...(udhi ? { udhi } : {}) };
}

function senderOf({ from: { addr, ton, npi } }: Submission): Sender | undefined {
  if (addr === '') return { addr: '', ton: 0, npi: 0 };
  const parsed = parseSender(addr, { ...(ton === undefined ? {} : { ton }), ...(npi === undefined ? {} : { npi }) });
  return parsed.ok ? parsed.sender : undefined;
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
}
