import { runService } from '@heliograph/service';
import { config } from './config.ts';
import { start } from './start.ts';

await runService({ name: 'connector-smpp', config, start });
