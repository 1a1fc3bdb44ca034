/** Where the account page leaves for the page after it how many sessions go on elsewhere. */
export const othersKey = 'fido2.others';
