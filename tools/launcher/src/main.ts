import { resolve } from 'node:path';
import { carrierSimulator, services } from './services.ts';
import { seedsInProcess } from './seeds-process.ts';
import { dataOwners } from './owners.ts';
import { runLauncher } from './run.ts';

const root = resolve(import.meta.dirname, '../../..');
await runLauncher({ root, owners: dataOwners, services, carrierSimulator, seeds: seedsInProcess() });
