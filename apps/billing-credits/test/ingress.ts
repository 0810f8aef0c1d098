/** An ingress as a process of its own, to be killed: accepts messages until there is no credit, telling each id that it has answered for. */
import { createAccept } from '@heliograph/accept';
import { openQueue } from '@heliograph/queue';
import { watchRegistry } from '@heliograph/registry';
import { createLog } from '@heliograph/service';
import { testTenant } from '@heliograph/testbed';

const { DATABASE_URL: databaseUrl = '', NATS_URL: url = '', INSTANCE: instance = '' } = process.env;
const log = createLog({ name: 'ingress', level: 'silent', instance });
const queue = await openQueue({ url, name: 'ingress', log });
const registry = await watchRegistry({ databaseUrl, listen: queue.listen, log });
const accept = createAccept({ queue, registry, instance });

async function submitUntilNoCredit(text: string): Promise<void> {
  for (;;) {
    const answer = await accept.submit({
      credential: testTenant.apiCredential,
      door: 'http',
      from: { addr: 'Acme' },
      to: { addr: '+15551234567' },
      content: { kind: 'text', text },
    });
    if (answer.ok) process.send?.({ accepted: answer.id });
    else if (answer.reason === 'no_credit') return;
    else if (answer.reason !== 'unavailable') throw new Error(answer.reason);
  }
}

process.once('message', () => {
  // one and two segments
  void Promise.all(['short', 'short', 'l'.repeat(200)].map(submitUntilNoCredit))
    .then(() => accept.close())
    .then(() => registry.stop())
    .then(() => queue.close())
    .then(() => process.disconnect?.());
});
process.send?.({ ready: true });
