import type { ClientData } from './client-data.ts';
import { guard } from './step.ts';

/** Where a ceremony may have taken place (Level 3, section 13.4.9). */
export interface OriginExpectation {
  /** Whole origins, compared as text: scheme, host and port, or a platform's form such as `android:apk-key-hash:..`. */
  readonly origins: readonly string[];
  /** Whether the page may have been a frame within a page of another site. Default: no. */
  readonly crossOrigin?: boolean;
  /** The origins of the pages that may frame it. */
  readonly topOrigins?: readonly string[];
  /** Refuse a frame whose client does not name the page around it. Default: no, for Level 3 does not ask it. */
  readonly topOriginNeeded?: boolean;
}

export function requireOrigin({ origin }: ClientData, { origins }: OriginExpectation, step: string): void {
  const detail = `origin ${JSON.stringify(origin)}, expected ${JSON.stringify(origins)}`;
  guard(isOneOf(origin, origins), step, 'origin_mismatch', detail);
}

export function requireSameSite({ crossOrigin: stated }: ClientData, expected: OriginExpectation, step: string): void {
  const { crossOrigin = false } = expected;
  const holds = stated === undefined || stated === false || (stated === true && crossOrigin);
  const detail = `crossOrigin is ${JSON.stringify(stated)}, expected ${crossOrigin ? 'true or ' : ''}false`;
  guard(holds, step, 'cross_origin_mismatch', detail);
}

/** A client states topOrigin only with crossOrigin true (section 5.8.1), so it alone is a contradiction. */
export function requireTopOrigin(data: ClientData, expected: OriginExpectation, step: string): void {
  const { topOrigin } = data;
  const { crossOrigin = false, topOrigins = [], topOriginNeeded = false } = expected;
  if (topOrigin === undefined) {
    guard(
      !(topOriginNeeded && data.crossOrigin === true),
      step,
      'top_origin_mismatch',
      'crossOrigin is true, topOrigin absent',
    );
    return;
  }
  const detail = `topOrigin ${JSON.stringify(topOrigin)}, expected ${crossOrigin ? JSON.stringify(topOrigins) : 'none'}`;
  const holds = crossOrigin && data.crossOrigin === true && isOneOf(topOrigin, topOrigins);
  guard(holds, step, 'top_origin_mismatch', detail);
}

function isOneOf(stated: unknown, origins: readonly string[]): boolean {
  return origins.some((origin) => origin === stated);
}
