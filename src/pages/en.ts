/**
 * Every word that people read, in English. With en-refusals.ts and en-errors.ts it is the one table to translate
 * (texts.ts): sections of plain texts, in which `{name}` stands for what is put in. Nothing in them is markup.
 */

export const common = {
  signIn: 'Sign in',
  signInAgain: 'Sign in again',
  signOut: 'Sign out',
  continue: 'Continue',
  back: 'Back',
  reference: 'Reference {ref}',
  whatIsPasskey: 'What is a passkey?',
  passkeyExplained:
    'A passkey is stored by your device, password manager or security key. You unlock it with a fingerprint, face or PIN, which never leaves the device. It works only on this site, so a copy of this page cannot steal it.',
};

/** Said by the script of every page that opens the browser's passkey window. */
export const ceremony = {
  waiting: 'Waiting for your device …',
  confirm: 'Confirm on your device with your fingerprint, face or PIN.',
  lookBehind: 'Look for a window from your browser or device. It may be behind this one.',
  cancelled: 'Nothing happened. You can try again when you are ready.',
  timedOut: 'That took too long, so it was stopped. Try again with your device or key at hand.',
  blockedTitle: 'Your browser blocked the request',
  blocked:
    'A setting or a policy on this device blocked it. Try outside a private window or an embedded frame, and without extensions that change pages.',
  wrongAddressTitle: 'This is not the address of this site',
  wrongAddress: 'Passkeys work only there. Open this page at {link}',
  noSupportTitle: 'This browser cannot use passkeys',
  noSupport: 'Use a current Firefox, Chrome, Edge or Safari, outside any in-app browser.',
  brokenTitle: 'Something failed on this page',
  broken: 'Reload and try again.',
  tooManyTitle: 'Too many attempts',
  tooMany: 'There were too many attempts from your network. Try again in {seconds} s.',
  tooManyOver: 'You can try again now.',
  awayTitle: 'Sign-in is not available right now',
  away: 'Nothing is wrong with your passkey. This page tries again in {seconds} s.',
  offlineTitle: 'This site did not answer',
  offline: 'Check your connection, then try again.',
  reference: 'Reference {ref} · {time}',
};

export const login = {
  title: 'Sign in',
  goOn: 'You will go on to {target}',
  button: 'Sign in with a passkey',
  saved: 'or choose a saved account',
  account: 'Account name',
  accountHelp: 'Your browser lists the passkeys it has for this site.',
  cancel: 'Cancel',
  elsewhereTitle: 'No passkey on this device',
  elsewhere: 'Your passkey may be on your phone or on a security key.',
  elsewhereButton: 'Use phone or security key',
  elsewhereHelp:
    'For a phone, scan the code that appears with its camera; both devices need Bluetooth on. For a security key, insert it and touch it.',
  helpTitle: 'I can’t use my passkey',
  helpDevice: 'On another device?',
  helpDeviceText: 'Choose the phone or security key that holds your passkey when your browser asks.',
  helpLost: 'New phone or lost key?',
  helpLostText:
    'If you have a second passkey, use that one. Otherwise your administrator can send you a single-use link.',
  helpContact: 'Ask: {contact}',
  helpWork: 'Using a private window?',
  helpWorkText: 'Some browsers hide saved passkeys there. Try an ordinary window.',
  noScript: 'Signing in with a passkey needs JavaScript. Allow it for {host} and reload.',
  signedInTitle: 'You are signed in',
  signedInAs: 'You are signed in as {name}.',
  ended: 'Your session has ended.',
  lost: 'Sign in, then send the form again. We did not repeat it for you.',
};

export const stepUp = {
  title: 'Confirm it’s you',
  needsFresh: '{target} needs a fresh confirmation.',
  needsOther: '{target} needs a passkey that this site has approved.',
  noneTitle: 'None of your passkeys is accepted here',
  none: 'Add one that is approved, or ask for access.',
  noneContact: 'Add one that is approved, or ask {contact}.',
  yourPasskeys: 'Your passkeys',
  needsVerification: '{target} needs your fingerprint, face or PIN.',
  last: 'Your last one was {age}.',
  lost: 'Confirm, then send the form again. We did not repeat it for you.',
  button: 'Confirm with your passkey',
  account: 'Account {name}',
  otherAccount: 'Use a different account',
};

/** Said by the sign-in page's script. */
export const loginScript = {
  signedIn: 'Signed in',
  refusedTitle: 'This passkey did not open an account here',
  refused:
    'It may have been removed, or belong to another site name. Try another passkey, or ask your administrator for a new enrolment link.',
  stillTitle: 'This page still says your confirmation is not enough',
  still: 'Confirming again may not help. Ask your administrator whether your passkey is accepted there.',
};

export const enrol = {
  title: 'Set up your passkey',
  step: 'Step {number} of 3',
  checking: 'Checking your link …',
  for: 'For {name} ({account}) on {site}.',
  once: 'This link works once.',
  until: 'This link works once, until {time}.',
  accepts: 'This site accepts {names}.',
  staysThere: 'This site accepts only passkeys that stay on one device or security key.',
  shown:
    'Your browser may ask whether this site may see the make of your device or key. Allow it, or the passkey is refused.',
  reasonUnlock: 'You unlock it like your phone or laptop: fingerprint, face or PIN.',
  reasonEasy: 'Nothing to remember or type.',
  reasonSafe: 'Copies of this site cannot use it.',
  button: 'Create a passkey',
  keyButton: 'Use a security key instead',
  cancel: 'Cancel',
  doneTitle: 'Your passkey works',
  name: 'Name it, so you recognise it later',
  secondTitle: 'Add a second passkey',
  second: 'Add a second passkey',
  notNow: 'Not now',
  continueTo: 'Continue to {site}',
  deadTitle: 'This link no longer works',
  dead: 'Enrolment links work once and for a short time. If you already set up your passkey, sign in. Otherwise ask for a new link.',
  otherTitle: 'Someone else is signed in',
  other: 'You are signed in as {name}. This link is for {account}.',
  otherContinue: 'Sign out and continue',
  otherStay: 'Stay signed in',
  noScript: 'Setting up a passkey needs JavaScript. Allow it for {host} and reload.',
};

/** Said by the scripts that create a passkey. */
export const creation = {
  waiting: 'Choose where to save it: this device, your password manager, a phone or a security key.',
  keyOnly: 'Set up your security key',
  sending: 'Checking your passkey …',
  existsTitle: 'There is a passkey here already',
  exists: 'This device or key already has a passkey for this account. Use a different one, or go on and sign in.',
  keyUnfitTitle: 'This security key cannot hold the passkey',
  keyUnfit:
    'It has no PIN set, or no room for another passkey. Set a PIN in your system’s security key settings, or use a different key.',
  tooOldTitle: 'This key is too old for this site',
  tooOld: 'Use a different one.',
  unheardTitle: 'This site did not hear of your passkey',
  unheard: 'It was saved on your device, but the connection broke. Send it again.',
  sendAgain: 'Send again',
  saved: 'Saved.',
  added: 'Passkey added.',
  secondDevice:
    'If you lose this device or key, you are locked out until an administrator helps. Adding a second passkey takes a moment.',
  secondSynced:
    'Your passkey is on every device that uses {provider}. If you also want a way in without it, add a security key.',
  yourManager: 'your password manager',
  passkeyOn: 'Passkey on {browser} on {system}',
  securityKey: 'Security key',
  someBrowser: 'a browser',
  someSystem: 'an unknown device',
};

export const account = {
  title: 'Your passkeys',
  skip: 'Skip to your passkeys',
  loading: 'Loading …',
  devices: 'On your devices',
  keys: 'On security keys',
  addPasskey: 'Add a passkey',
  addKey: 'Add a security key',
  sessions: 'Where you are signed in',
  others: 'Sign out everywhere else',
  activity: 'Recent activity',
  keep: 'Keep it',
  cancel: 'Cancel',
  noScript: 'Managing your passkeys needs JavaScript. Allow it for {host} and reload. You can still sign out.',
};

export const signedOut = {
  title: 'You are signed out',
  text: 'On this browser. Close it if others use this device too.',
  others: 'Sessions of yours that are still open elsewhere: {count}.',
};

export const errorPage = {
  copy: 'Copy',
  signedInAs: 'You are signed in as {name}.',
  contact: 'If you should have access, send this reference to {contact}.',
  noContact: 'If you should have access, send this reference to your administrator.',
  report: 'If it goes on, send this reference to your administrator.',
  otherAccount: 'Use a different account',
  retry: 'Try again',
  otherPasskey: 'Use another passkey',
  reason: 'Refused by policy {policy}: it {rule}.',
};

/** What a policy does, as those may read who look after policies. */
export const rules = {
  deniedUser: 'denies this account by name',
  deniedGroups: 'denies the groups {names}',
  allGroups: 'needs all of the groups {names}',
  anyGroup: 'needs one of the groups {names}',
  namedUsers: 'admits named accounts only',
  methods: 'admits only the methods {names}',
  networks: 'admits only the networks {names}',
  times: 'admits people only at {names}',
  attested: 'needs a passkey on a device whose maker is proven; sign in with such a one',
  models: 'needs a passkey on one of certain devices; sign in with such a one',
};

/** Said by the error page's script. */
export const errorScript = { copied: 'Copied.' };

/** Said by the account page's script. */
export const accountScript = {
  onlyTitle: 'You have one passkey',
  only: 'If you lose it, only an administrator can let you back in. Add a second one.',
  singleTitle: 'None of your passkeys is backed up',
  single:
    'Each is on one device or security key only. Keep them in different places, so that one loss does not lock you out.',
  thisSignIn: 'This sign-in',
  thisSession: 'This session',
  added: 'Added {date}',
  used: 'Used {time}',
  neverUsed: 'Never used',
  notBackedUp: 'Not backed up yet',
  staysThere: 'Only on that device',
  rename: 'Rename',
  renameOf: 'Rename {name}',
  newName: 'New name for {name}',
  save: 'Save',
  renamed: 'Saved.',
  remove: 'Remove',
  removeOf: 'Remove {name}',
  removeTitle: 'Remove “{name}”?',
  removeText: 'You will no longer be able to sign in with it.',
  removeSessions: 'Sessions that end with it: {count}.',
  removeLast: 'This is your only passkey. Without it only an administrator can let you back in.',
  removeNow: 'Remove',
  removeOnly: 'Remove my only passkey',
  removed: 'Removed. Your password manager may still list it; it no longer works.',
  confirmFirst: 'Confirm it’s you first, with your fingerprint, face or PIN.',
  passkeyAdded: 'Passkey added.',
  agent: '{browser} on {system}',
  started: 'Started {time}',
  lastSeen: 'Last seen {time}',
  signOut: 'Sign out',
  signOutOf: 'Sign out {agent}',
  activityLogin: 'Signed in with {name}',
  activityRegistration: 'Passkey added: {name}',
  activityRemoval: 'Passkey removed: {name}',
  signedOut: 'Signed out there.',
  signedOutOthers: 'Signed out everywhere else.',
};
