import type { DriveResult } from './drive.ts';
import type { SinkCounts } from './sink.ts';

/** What must be so after a run, or it has no figure. Counts of the sink and the balance are of the stack's whole life, as `accepted` is. */
export interface Outcome {
  readonly accepted: number;
  readonly sink: SinkCounts;
  readonly charged: number;
  readonly delivered: number;
  /** Of the driver; undefined: it came by HTTP. */
  readonly drive?: Pick<DriveResult, 'sent' | 'accepted' | 'refused' | 'reported' | 'reportedAgain' | 'strays' | 'broken'>;
  /** Whether the driver asked for receipts. */
  readonly receipts?: boolean;
}

/** Why a run has no figure; empty: accepted = arrived = charged = delivered, nothing twice, every receipt that was asked for came. */
export function complaints({ accepted, sink, charged, delivered, drive, receipts = false }: Outcome): string[] {
  const rules: [holds: boolean, complaint: string][] = [
    [sink.arrived === accepted, `accepted ${accepted}, arrived ${sink.arrived}`],
    [sink.duplicates === 0, `${sink.duplicates} came twice`],
    [sink.strays === 0, `${sink.strays} came that nobody sent`],
    [sink.receiptsTaken === sink.receiptsAsked, `${sink.receiptsAsked} receipts asked for, taken ${sink.receiptsTaken}`],
    [charged === accepted, `accepted ${accepted}, charged ${charged}`],
    [delivered === accepted, `accepted ${accepted}, delivered ${delivered}`],
  ];
  if (drive)
    rules.push(
      [drive.broken === undefined, `the driver ended early: ${drive.broken}`],
      [drive.accepted === drive.sent, `sent ${drive.sent}, accepted ${drive.accepted}, refused ${JSON.stringify(drive.refused)}`],
      [!receipts || drive.reported === drive.accepted, `accepted ${drive.accepted}, reported ${drive.reported}`],
      [drive.reportedAgain === 0, `${drive.reportedAgain} reported twice`],
      [drive.strays === 0, `${drive.strays} receipts of other messages`],
    );
  return rules.filter(([holds]) => !holds).map(([, complaint]) => complaint);
}
