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
  if (topOrigin === undefined) return;
  const { crossOrigin = false, topOrigins = [] } = expected;
  const detail = `topOrigin ${JSON.stringify(topOrigin)}, expected ${crossOrigin ? JSON.stringify(topOrigins) : 'none'}`;
  const holds = crossOrigin && data.crossOrigin === true && isOneOf(topOrigin, topOrigins);
  guard(holds, step, 'top_origin_mismatch', detail);
}

function isOneOf(stated: unknown, origins: readonly string[]): boolean {
  return origins.some((origin) => origin === stated);
}
