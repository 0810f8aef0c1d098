import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import { login, passwordChange, person } from './schema.ts';

/** The session of a person in a browser. */
export const personEndpoints = {
  logIn: {
    method: 'post',
    path: '/v1/session',
    scope: 'anybody',
    ofTenant: false,
    summary: 'Log in',
    description:
      'Begins a session, for pages in a browser: the cookie stands for an API key from then on. It ends after 30 minutes without a request, after 12 hours, when you log out, and when your credential is disabled or gets another password. A session that the request came with ends.',
    body: login,
    examples: { login: { login: 'jo@example.com', password: 'correct horse battery staple' } },
    answer: { status: 200, description: 'You, and the cookie', schemas: [person] },
    problems: [...bodyProblems, 'unavailable'],
  },
  whoAmI: {
    method: 'get',
    path: '/v1/session',
    scope: 'person',
    ofTenant: false,
    summary: 'See who you are logged in as',
    description: 'The same as at login, after a page was loaded again.',
    answer: { status: 200, description: 'You', schemas: [person] },
    problems: ['unavailable'],
  },
  logOut: {
    method: 'delete',
    path: '/v1/session',
    scope: 'person',
    ofTenant: false,
    summary: 'Log out',
    description: 'Ends this session, and no other of yours.',
    answer: { status: 204, description: 'You are logged out', schemas: [] },
    problems: ['unavailable'],
  },
  changePassword: {
    method: 'put',
    path: '/v1/session/password',
    scope: 'person',
    ofTenant: false,
    summary: 'Change your password',
    description: 'Your other sessions end within a second; this one goes on with another cookie and another CSRF token.',
    body: passwordChange,
    examples: { change: { old: 'correct horse battery staple', new: 'staple battery horse correct' } },
    answer: { status: 200, description: 'You, and the new cookie', schemas: [person] },
    problems: [...bodyProblems, 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
