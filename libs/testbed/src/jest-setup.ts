import { chooseServers, choiceVariable } from './choose-servers.ts';

/** Jest's globalSetup: runs once, before the test processes are started, which inherit the environment. */
export default async function setUp(): Promise<void> {
  const { use, why } = await chooseServers();
  process.stderr.write(`tests use ${use === 'containers' ? 'containers' : 'the embedded servers'} (${why})\n`);
  process.env[choiceVariable] = use;
}
