/** Started by choose-servers.ts as a process of its own: makes sure that the engine has the images. Ends with 1 and a line on stderr if not. */
import { getContainerRuntimeClient, ImageName } from 'testcontainers';
import { images } from './images.ts';

const { image: store } = await getContainerRuntimeClient().catch(() => refuse('the Docker engine does not answer as one'));
await Promise.all(
  Object.values(images).map(async (image) => {
    const name = ImageName.fromString(image);
    if (await store.exists(name)) return;
    // a pull that failed may end without an error: what counts is what is there
    const failure = await store.pull(name).catch((error: unknown) => error);
    if (!(await store.exists(name)))
      refuse(`the Docker engine cannot get ${image}${failure instanceof Error ? `: ${failure.message}` : ''}`);
  }),
);
process.exit(0);

function refuse(why: string): never {
  console.error(why.replaceAll('\n', ' '));
  process.exit(1);
}
