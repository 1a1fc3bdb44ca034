/** Words of the demo site: the part of the table (en.ts) that only `npm start` shows. */

export const demo = {
  homeTitle: 'A passkey opens a door that nginx guards',
  homeText:
    'Behind this page stands a small application that knows nothing of passwords, cookies or sessions. nginx signs people in and hands each request on with a short-lived, signed identity.',
  flow: [
    ['Your browser', 'proves who you are with a passkey'],
    ['nginx with ngx-fido2', 'checks the session and the policy, and signs'],
    ['The application', 'verifies the signature and knows your name'],
  ],
  openApp: 'Open the application',
  openAdmin: 'Open the admin area',
  passkeys: 'Your passkeys',
  signOut: 'Sign out',
  health: 'Health',
  keySet: 'Key set',
  configurationTitle: 'The nginx.conf that does this',
  hello: (name: string) => `Hello ${name}`,
  adminTitle: 'Admin area',
  adminText: 'You are here because you are in the group admins and confirmed within the last five minutes.',
  nobody: 'Nobody is signed in',
  groups: 'Groups',
  noGroups: 'none',
  factToken: 'The upstream received a signed token.',
  factNoToken: 'The upstream received no token.',
  factVerified: 'Its signature was checked against the published key set.',
  factNotVerified: (reason: string) => `Its signature did not hold: ${reason}.`,
  factCookie: 'Your session cookie was not passed on.',
  factCookieLeaked: 'Your session cookie was passed on.',
  tokenTitle: 'What the upstream received',
  tokenHeader: 'Fido2-Identity',
  header: 'Header',
  payload: 'Claims',
  expires: 'Expires in',
  tryTitle: 'Try to get around it',
  tryText: 'Each button sends a real request through nginx and shows what came back.',
  forge: 'Send a forged identity',
  forgeText: 'Claims to be mallory in a header of its own. nginx drops it and sends the genuine one.',
  tamper: 'Change one byte of the token',
  tamperText: 'Hands the upstream a token with another signature.',
  anonymous: 'Call without signing in',
  anonymousText: 'The same request without the cookie, as a script would send it.',
  admin: 'Call the admin area',
  adminCallText: 'Needs the group admins and a confirmation within five minutes.',
  back: 'Back to the application',
  notFoundTitle: 'There is nothing here',
} as const;

export const claimMeanings: Readonly<Record<string, string>> = {
  alg: 'signature algorithm',
  typ: 'kind of token',
  kid: 'which published key signed it',
  iss: 'who issued it',
  aud: 'whom it is for',
  sub: 'the user’s lasting id, never reused',
  preferred_username: 'account name',
  name: 'display name',
  groups: 'groups, as of this token',
  iat: 'issued at',
  nbf: 'not valid before',
  exp: 'not valid after',
  jti: 'this token’s id',
  sid: 'the session, for audit and sign-out',
  acr: 'phr: phishing-resistant',
  amr: 'how: possession, user present or verified',
  auth_time: 'when the passkey was last used',
};

/** What a member of the token's header or claims means; nothing for one that is not ours. */
export function claimMeaning(name: string): string | undefined {
  return Object.hasOwn(claimMeanings, name) ? claimMeanings[name] : undefined;
}

/** Said by the demo page's script. */
export const demoScript = {
  seconds: (count: number) => `${count} s`,
  expired: 'expired; the next request brings a new one',
  answered: (status: number, ms: number) => `${status} in ${ms} ms`,
  failed: 'no answer',
  forgedStopped: 'mallory did not get through.',
  forgedArrived: 'mallory got through.',
  tamperedRefused: 'The upstream refused it.',
  tamperedTaken: 'The upstream took it.',
  anonymousRefused: 'Refused at the door.',
  anonymousLetIn: 'Let in.',
  confirm: 'Confirm it’s you',
} as const;
