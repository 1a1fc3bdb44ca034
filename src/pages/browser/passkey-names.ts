/**
 * Names that people know their passkeys' keepers by, from the AAGUID (Level 3 section 6.5.1). It tells the maker
 * only where attestation was verified; here it is nothing but a label.
 */

import { fill } from '../sentence.ts';
import { texts } from './page-data.ts';

const { creation } = texts;

const names: Readonly<Record<string, string>> = {
  'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4': 'Google Password Manager',
  'adce0002-35bc-c60a-648b-0b25f1f05503': 'Chrome on Mac',
  'fbfc3007-154e-4ecc-8c0b-6e020557d7bd': 'Apple Passwords',
  'dd4ec289-e01d-41c9-bb89-70fa845d4bf2': 'Apple Passwords (managed)',
  '08987058-cadc-4b81-b6e1-30de50dcbe96': 'Windows Hello',
  '9ddd1817-af5a-4672-a2b9-3e3dd95000a9': 'Windows Hello',
  '6028b017-b1d4-4c02-b4b3-afcdafc96bb2': 'Windows Hello',
  'd3452668-01fd-4c12-926c-83a4204853aa': 'Microsoft Password Manager',
  '53414d53-554e-4700-0000-000000000000': 'Samsung Pass',
  'bada5566-a7aa-401f-bd96-45619a55120d': '1Password',
  'd548826e-79b4-db40-a3d8-11116f7e8349': 'Bitwarden',
  '531126d6-e717-415c-9320-3d9aa6981239': 'Dashlane',
  '50726f74-6f6e-5061-7373-50726f746f6e': 'Proton Pass',
  'fdb141b2-5d84-443e-8a35-4698c205a502': 'KeePassXC',
  '0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6': 'Keeper',
  'b84e4048-15dc-4dd0-8640-f4f60813c8af': 'NordPass',
  'b78a0a55-6ef8-d246-a042-ba0f6d55050c': 'LastPass',
  'cb69481e-8ff7-4039-93ec-0a2729a154a8': 'YubiKey 5',
  'ee882879-721c-4913-9775-3dfcce97072a': 'YubiKey 5',
  'fa2b99dc-9e39-4257-8f92-4a30d23c4118': 'YubiKey 5 with NFC',
  '2fc0579f-8113-47ea-b116-bb5a8db9202a': 'YubiKey 5 with NFC',
  'c5ef55ff-ad9a-4b9f-b580-adebafe026d0': 'YubiKey 5Ci',
  'c1f9a0bc-1dd2-404a-b27f-8e29047a43fd': 'YubiKey 5 FIPS with NFC',
  '73bb0cd4-e502-49b8-9c6f-b59445bf720b': 'YubiKey 5 FIPS',
  'ee041bce-25e5-4cdb-8f86-897fd6418464': 'ePass FIDO with NFC',
};

export function providerName(aaguid: string): string | undefined {
  return Object.hasOwn(names, aaguid) ? names[aaguid] : undefined;
}

function firstMatch(text: string, table: readonly (readonly [RegExp, string])[]): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

/** Browser and system of a User-Agent line, as people call them. */
export function agentNames(userAgent: string): { readonly browser: string; readonly system: string } {
  const browser = firstMatch(userAgent, [
    [/Edg(A|iOS)?\//, 'Edge'],
    [/OPR\//, 'Opera'],
    [/Firefox\/|FxiOS\//, 'Firefox'],
    [/Chrom(e|ium)\/|CriOS\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ]);
  const system = firstMatch(userAgent, [
    [/iPhone|iPod/, 'iPhone'],
    [/iPad/, 'iPad'],
    [/Android/, 'Android'],
    [/CrOS/, 'ChromeOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'Mac'],
    [/Linux|X11/, 'Linux'],
  ]);
  return { browser: browser ?? creation.someBrowser, system: system ?? creation.someSystem };
}

/** What a fresh passkey tells of itself: who keeps it, whether it is synced, and a first name for it. */
export function describe(credential: PublicKeyCredential): { provider?: string; synced: boolean; name: string } {
  const response = credential.response;
  const data =
    response instanceof AuthenticatorAttestationResponse && response.getAuthenticatorData
      ? new Uint8Array(response.getAuthenticatorData())
      : new Uint8Array();
  const hex = Array.from(data.subarray(37, 53), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const provider = providerName(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  const { browser, system } = agentNames(navigator.userAgent);
  const roams = credential.authenticatorAttachment === 'cross-platform';
  const name = provider ?? (roams ? creation.securityKey : fill(creation.passkeyOn, { browser, system }));
  return { ...(provider !== undefined && { provider }), synced: ((data[32] ?? 0) & 0x08) !== 0, name };
}
