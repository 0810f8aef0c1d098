/** The launcher's program around the stack of stand-ins. FAKE_FOLDER: where its migration and journal lie. */
import { runLauncher } from '../src/run.ts';
import { fakeStack } from './fake-stack.ts';

await runLauncher(fakeStack(process.env['FAKE_FOLDER']!));
