import { createHash, timingSafeEqual } from 'node:crypto';
import { OptionError } from '../../errors.js';
import type { Authenticator, Login, LoginMechanism } from './sasl-server.js';

/** The clients that may connect. */
export interface AuthenticationOptions {
  /** Users and their passwords, for PLAIN; for EXTERNAL only the users count. */
  users?: Readonly<Record<string, string>> | undefined;
  /**
   * Decides instead of `users`, for PLAIN and for EXTERNAL, whose certificate has been verified. What it throws refuses the
   * client, and is told to nobody.
   */
  authenticate?: ((login: Login) => boolean | Promise<boolean>) | undefined;
  /**
   * True when clients may come that do not say who they are. Default: only without `users` and `authenticate`; then a client
   * may also log in with any user and password.
   */
  anonymous?: boolean | undefined;
}

/** Decides who may connect, by a table of users or whatever the options say. Throws `OptionError`. */
export function authenticatorOf(options: AuthenticationOptions): Authenticator {
  const { users, authenticate } = options;
  if (users !== undefined && authenticate !== undefined) throw new OptionError('Give either users or authenticate.');
  const anonymous = options.anonymous ?? (users === undefined && authenticate === undefined);
  if (users === undefined && authenticate === undefined) {
    if (!anonymous) throw new OptionError('Without users and authenticate nobody could connect. Give one of them.');
    // A client with a password is as welcome as one without, and may know no other mechanism.
    return { mechanisms: () => ['PLAIN', 'ANONYMOUS'], authenticate: () => true };
  }
  const mechanisms = (hasCertificate: boolean): LoginMechanism[] => [
    ...(hasCertificate ? (['EXTERNAL'] as const) : []),
    'PLAIN',
    ...(anonymous ? (['ANONYMOUS'] as const) : []),
  ];
  const decide = authenticate ?? tableOf(users ?? {});
  // Anonymous is offered only when it is welcome.
  return { mechanisms, authenticate: (login) => login.mechanism === 'ANONYMOUS' || decide(login) };
}

function tableOf(users: Readonly<Record<string, string>>): (login: Login) => boolean {
  const digests = new Map<string, Buffer>();
  for (const [user, password] of Object.entries(users)) {
    if (user === '' || typeof password !== 'string') throw new OptionError('Each user has a name and a password.');
    digests.set(user, digest(password));
  }
  const nobody = digest('');
  return ({ mechanism, user, password }) => {
    const known = user === undefined ? undefined : digests.get(user);
    if (mechanism === 'EXTERNAL') return known !== undefined;
    // As long as it takes for a user that there is: neither password nor user is to be told from the time.
    const isRight = timingSafeEqual(digest(password ?? ''), known ?? nobody);
    return isRight && known !== undefined;
  };
}

/** Texts of any length become bytes of one length, which can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
