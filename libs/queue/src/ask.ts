import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from './log.ts';

/** Questions between services: request and reply over core NATS, JSON both ways. For what is not an event. */
export interface Asking {
  /** The answer, or `undefined` when nobody answers in time. */
  ask<Answer>(subject: string, question: object, timeoutMs: number): Promise<Answer | undefined>;
  /**
   * Answers questions; the instances of a service share them. Without a service each that listens answers, and the first answer counts: where one process
   * does at a time, the one before it may hang and would be handed every second question. What it throws is logged and leaves the asker without an answer. Resolves when
   * the server knows of it, so that whoever asks from then on is heard (also when the connection has been closed: nobody can ask then).
   */
  answer<Question>(subject: string, service: string | undefined, reply: (question: Question) => Promise<object> | object): Promise<void>;
  /** To every service that listens, at once, and lost on those that are away: a hint to look, never the news itself. */
  broadcast(subject: string, body: object): void;
  listen<Body>(subject: string, heard: (body: Body) => void): void;
}

export function createAsking(connection: NatsConnection, log: Log): Asking {
  return {
    async ask(subject, question, timeoutMs) {
      try {
        return (await connection.request(subject, JSON.stringify(question), { timeout: timeoutMs })).json();
      } catch (error) {
        log.debug({ subject, err: error }, 'no answer');
        return undefined;
      }
    },
    answer<Question>(subject: string, service: string | undefined, reply: (question: Question) => Promise<object> | object) {
      connection.subscribe(subject, {
        ...(service === undefined ? {} : { queue: service }),
        callback: (error, message) => {
          if (error) return log.error({ subject, err: error }, 'cannot answer');
          void (async () => message.respond(JSON.stringify(await reply(message.json<Question>()))))().catch((thrown: unknown) =>
            log.error({ subject, err: thrown }, 'no answer given'),
          );
        },
      });
      return flushed(connection);
    },
    broadcast(subject, body) {
      connection.publish(subject, JSON.stringify(body));
    },
    listen<Body>(subject: string, heard: (body: Body) => void) {
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error) return log.error({ subject, err: error }, 'cannot listen');
          heard(message.json<Body>());
        },
      });
    },
  };
}

/** The server works off in order what a connection sends. A connection that is lost meanwhile sends its subscriptions again when it is back. */
async function flushed(connection: NatsConnection): Promise<void> {
  while (!connection.isClosed()) {
    try {
      return await connection.flush();
    } catch {
      // each try to connect again rejects what waits for an answer: wait with the next
    }
  }
}
