import type { RequestHandler } from 'express';
import type { Accept } from '@heliograph/accept';
import type { Snapshot } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { Asking } from '../http/ask.ts';
import { auronDoor } from './auron.ts';
import { auroraDoor, type AuroraOptions } from './aurora.ts';
import { campaignManagerDoor, type CampaignManagerOptions } from './campaign-manager.ts';
import { createDoors, type Doors } from './door.ts';
import { createSend } from './send.ts';

export interface ForeignDoorsOptions {
  readonly authenticate: RequestHandler;
  readonly noted: AuroraOptions['noted'];
  readonly accept: Pick<Accept, 'submit'>;
  readonly asking: Asking;
  readonly history: CampaignManagerOptions['history'];
  readonly registry: { readonly current: Snapshot };
  readonly log: Pick<Log, 'debug' | 'info' | 'error'>;
}

/** The doors of other products' clients: docs/doors.md. */
export function createForeignDoors({ authenticate, noted, accept, asking, history, registry, log }: ForeignDoorsOptions): Doors {
  const send = createSend(accept);
  return createDoors(
    [
      auronDoor({ authenticate, send }),
      auroraDoor({ registry, noted, send, log }),
      campaignManagerDoor({ authenticate, send, asking, history }),
    ],
    log,
  );
}
