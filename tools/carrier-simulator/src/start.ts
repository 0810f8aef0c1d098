import { openJournal } from '@heliograph/checker';
import type { Running, ServiceContext } from '@heliograph/service';
import { startCarrier } from './carrier.ts';
import type { config as schema } from './config.ts';

export async function start({ config }: ServiceContext<typeof schema>): Promise<Running> {
  const journal = config.SIM_JOURNAL === undefined ? undefined : openJournal(config.SIM_JOURNAL);
  const carrier = await startCarrier({
    host: config.SIM_HOST,
    port: config.SIM_PORT,
    httpPort: config.SIM_HTTP_PORT,
    behaviour: config.SIM_BEHAVIOUR,
    byNumber: config.SIM_BY_NUMBER,
    ...(config.SIM_SYSTEM_ID === undefined ? {} : { systemId: config.SIM_SYSTEM_ID }),
    ...(config.SIM_PASSWORD === undefined ? {} : { password: config.SIM_PASSWORD }),
    name: config.SIM_NAME,
    ...(journal ? { journal } : {}),
    options: {
      receiptDelayMs: config.SIM_RECEIPT_DELAY_MS,
      slowMs: config.SIM_SLOW_MS,
      throttlePerSecond: config.SIM_THROTTLE_PER_SECOND,
      rejectStatus: config.SIM_REJECT_STATUS,
      dropAfter: config.SIM_DROP_AFTER,
    },
  });
  return {
    ports: { smpp: carrier.port, ...(carrier.httpPort === undefined ? {} : { http: carrier.httpPort }) },
    async stop() {
      await carrier.stop();
      await journal?.close();
    },
  };
}
