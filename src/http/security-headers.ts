import type { FastifyReply } from 'fastify';

/**
 * What every answer tells browsers. An answer of the interface is data: it is stored nowhere, it is no document of any
 * other site, and it loads nothing. The names are in lower case, because Fastify would otherwise convert each for every answer.
 */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** The policy of `/docs`: the package's page sets styles by attributes and has its icons in `data:` URLs. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Lets the pages of `/docs` load what they consist of. */
export const allowDocs = (reply: FastifyReply): FastifyReply =>
  reply.headers({
    'Content-Security-Policy': DOCS_POLICY,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
  });

/**
 * The policy of the service's own pages: they load scripts, styles and data from the service alone.
 * @param scripts the hashes of the inline scripts of the page
 */
export const pagePolicy = (scripts: readonly string[]): string =>
  [
    "default-src 'none'",
    ["script-src 'self'", ...scripts.map((hash) => `'${hash}'`)].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
