import type { CookieOptions, Request, RequestHandler, Response } from 'express';
import session, { type Store } from 'express-session';
import type { Credential, RegistryWatch } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { Passport } from 'passport';
import { problem, ProblemError } from '../http/problem.ts';
import { comesFromOwnPage, csrfTokenOf, hasCsrfToken } from '../persons/csrf.ts';
import { recall, remember, type Remembered } from '../persons/remembered.ts';
import { callerOfCredential, nobody } from './caller.ts';

/** The session that a request belongs to, or may begin. */
export interface PersonSession {
  /** Whose it is; undefined when nobody is logged in, or was not asked for. */
  readonly credential: Credential | undefined;
  /** What unsafe requests of it must have in X-CSRF-Token. */
  csrfToken(): string;
  /** Ends it and begins another, under an id that nobody knew before (session fixation). False: the store does not answer. */
  begin(credential: Credential): Promise<boolean>;
  /** False: the store does not answer. */
  end(): Promise<boolean>;
}

export interface PersonDoors {
  /** Whether a request is to be let in by its cookie: it has one, and no API key. Cheap, as every request is asked. */
  takes(request: Request): boolean;
  /** Lets a request of a person's session pass and says who it is in `response.locals.caller`, or refuses. */
  readonly person: RequestHandler;
  /** Lets everybody pass who does not come from a foreign page: to log in. */
  readonly anybody: RequestHandler;
}

export interface PersonDoorsOptions {
  readonly store: Store;
  /** Signs the cookie; the same in all processes. */
  readonly secret: string;
  /** The cookie is Secure then, and bound to this host (RFC 6265bis §4.1.3.2); without TLS browsers would not take such a one. */
  readonly tls: boolean;
  readonly registry: Pick<RegistryWatch, 'current' | 'refresh'>;
  readonly log: Pick<Log, 'error'>;
}

/** Without a request. */
const idleMs = 30 * 60_000;

export const sessionCookieOf = (tls: boolean): string => (tls ? '__Host-heliograph' : 'heliograph');

/** Sessions of persons: express-session holds them, passport's session strategy says whose they are. */
export function createPersonDoors({ store, secret, tls, registry, log }: PersonDoorsOptions): PersonDoors {
  const name = sessionCookieOf(tls);
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: tls } satisfies CookieOptions;
  const mount = session({
    name,
    secret,
    store,
    rolling: true,
    resave: false,
    saveUninitialized: false,
    unset: 'keep',
    cookie: { ...cookie, maxAge: idleMs },
  });

  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, remember(user as Credential, Date.now())));
  passport.deserializeUser((request: Request, remembered: Remembered, done: (error: unknown, user?: Credential | false) => void) => {
    whose(remembered, request).then((credential) => done(null, credential ?? false), done);
  });
  const restore = passport.authenticate('session') as RequestHandler;

  /** What does not fit is looked at again: it may be this process that has not heard yet of a new password. */
  async function whose(remembered: Remembered, { socket }: Request): Promise<Credential | undefined> {
    const look = () => recall(remembered, { snapshot: registry.current, address: socket.remoteAddress ?? '', nowMs: Date.now() });
    const credential = look();
    if (credential) return credential;
    await registry.refresh();
    return look();
  }

  /** Of a request that `mount` and `restore` have seen. */
  function sessionOf(request: Request, response: Response): PersonSession {
    return {
      credential: request.user as Credential | undefined,
      csrfToken: () => csrfTokenOf(request),
      async begin(credential) {
        const begun = await succeeds((done) => request.logIn(credential, done));
        // or express-session would try once more to save it when the answer ends, and break the answer off
        if (!begun) delete (request as Partial<Request>).session;
        return begun;
      },
      async end() {
        response.clearCookie(name, cookie);
        // one that nobody logged in to was never stored
        return !('passport' in request.session) || succeeds((done) => void request.session.destroy(done));
      },
    };
  }

  function succeeds(act: (done: (error?: unknown) => void) => void): Promise<boolean> {
    return new Promise((resolve) =>
      act((error) => {
        if (error) log.error({ err: error }, 'session cannot be stored');
        resolve(!error);
      }),
    );
  }

  const open: RequestHandler = (request, response, next) => {
    if (!comesFromOwnPage(request.headers)) return next(foreignPage);
    mount(request, response, (error: unknown) => {
      if (error) {
        log.error({ err: error }, 'session cannot be looked up');
        return next(away);
      }
      restore(request, response, (fault: unknown) => {
        if (fault) return next(fault);
        response.locals.session = sessionOf(request, response);
        response.locals.caller = nobody;
        next();
      });
    });
  };

  return {
    takes: ({ headers }) =>
      headers.cookie !== undefined &&
      headers.authorization === undefined &&
      headers['x-api-key'] === undefined &&
      headers.cookie.includes(`${name}=`),
    anybody: open,
    person: (request, response, next) =>
      void open(request, response, (error?: unknown) => {
        if (error) return next(error);
        const { credential, end } = response.locals.session as PersonSession;
        if (!credential) return void end().then(() => next(notLoggedIn(name)), next);
        if (!hasCsrfToken(request)) return next(noToken);
        response.locals.caller = callerOfCredential(credential);
        next();
      }),
  };
}

/** Who has a key is let in by it, and costs nothing here; only others by a session's cookie. */
export function authenticateEither(byKey: RequestHandler, { takes, person }: PersonDoors): RequestHandler {
  return (request, response, next) => (takes(request) ? person : byKey)(request, response, next);
}

const away = new ProblemError(problem('unavailable', 'sessions cannot be looked up'));
const foreignPage = new ProblemError(problem('csrf', 'a page of another origin made this request'));
const noToken = new ProblemError(problem('csrf', 'give the csrfToken of GET /v1/session in X-CSRF-Token'));

/** RFC 9110 §11.6.1 wants a challenge with every 401; of a scheme that browsers do not know, so that they ask nobody. */
function notLoggedIn(cookie: string): ProblemError {
  return new ProblemError(problem('not_authenticated', 'you are not logged in'), {
    'WWW-Authenticate': `Cookie realm="heliograph", cookie-name="${cookie}"`,
  });
}
