import { resolve } from 'node:path';
import { carrierSimulator, services } from './services.ts';
import { demoSeeds } from './demo.ts';
import { dataOwners } from './owners.ts';
import { runLauncher } from './run.ts';

const root = resolve(import.meta.dirname, '../../..');
await runLauncher({ root, owners: dataOwners, services, carrierSimulator, seeds: demoSeeds });
