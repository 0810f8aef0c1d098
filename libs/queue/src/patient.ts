import { JetStreamApiError } from '@nats-io/jetstream';

/** An election takes about 5 s; servers that start together and are short of processors need longer for what a dozen services ask of them at once. */
const patienceMs = 60_000;
const pauseMs = 500;

/**
 * For what a process cannot begin without: servers of a cluster that have no leader do not answer, or say that they cannot now (5xx). What is refused
 * rejects at once, and so does what gets no answer for a minute.
 */
export async function patiently<Answer>(ask: () => Promise<Answer>, patience = patienceMs): Promise<Answer> {
  const untilMs = performance.now() + patience;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (isRefusal(error) || performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status < 500;
}
