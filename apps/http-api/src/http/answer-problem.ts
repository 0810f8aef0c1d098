import type { ErrorRequestHandler } from 'express';
import type { Log } from '@heliograph/service';
import { problem, ProblemError, problems, reasonOf, type Problem } from './problem.ts';

/** The one place that answers problems. Four parameters make it Express's error handler. */
export function answerProblem(log: Pick<Log, 'error'>): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { problem: answer, headers } = problemOf(error);
    if (answer.status === 500) log.error({ err: error, requestId: response.locals.requestId }, 'request failed');
    if (response.headersSent) return void response.destroy();
    const { retryAfter } = problems[reasonOf(answer)];
    response
      .status(answer.status)
      .set({ ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }), ...headers })
      .type('application/problem+json')
      .send(JSON.stringify(answer));
  };
}

/** Errors of Express's own parsers say their status; what says nothing is ours, and its words are not for outside. */
export function problemOf(error: unknown): { problem: Problem; headers: Readonly<Record<string, string>> } {
  if (error instanceof ProblemError) return error;
  const { status } = error as { status?: unknown };
  if (status === 413) return { problem: problem('too_large', 'the body has more octets than this server takes'), headers: {} };
  if (status === 415) return { problem: problem('unsupported_media_type', 'the content encoding is not known'), headers: {} };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { problem: problem('bad_request', 'the address or the body cannot be read'), headers: {} };
  return { problem: problem('internal', 'the request failed on our side; its id is in x-request-id'), headers: {} };
}
