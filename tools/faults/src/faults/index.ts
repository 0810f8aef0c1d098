import type { Fault } from '../fault.ts';
import { clusterFaults } from './cluster.ts';
import { machineFaults } from './machine.ts';
import { overload } from './overload.ts';
import { powerFaults } from './power.ts';
import { pauseFaults, processFaults } from './process.ts';
import { providerFaults, receiptFaults } from './provider.ts';
import { versionFaults } from './version.ts';
import { webhookFaults } from './webhook.ts';

/** In the order of the table. */
export const faults: readonly Fault[] = [
  ...processFaults,
  ...pauseFaults,
  ...providerFaults,
  ...receiptFaults,
  ...webhookFaults,
  ...machineFaults,
  overload,
  ...clusterFaults,
  ...powerFaults,
  ...versionFaults,
];
