import { Type } from '@sinclair/typebox';
import { doctorId, epochMs, tokenId } from '../../engine/index.ts';
import { Id, type AuditTrail } from '../../service/index.ts';
import { Audit, auditOf, CURSOR_PATTERN, placeOf } from '../resources/audit.ts';
import { shown, type Routes } from '../route.ts';
import { closed, InstantText } from '../schema.ts';

const PAGE = { default: 100, max: 500 } as const;

const AuditQuery = closed({
  from: Type.Optional(Type.String({ ...InstantText, description: 'The first instant.' })),
  to: Type.Optional(Type.String({ ...InstantText, description: 'The last instant.' })),
  actor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description:
        'A key, which stands for all persons behind it, or a key and a person: `desk/asha`.',
    }),
  ),
  doctor_id: Type.Optional(Id),
  token_id: Type.Optional(Id),
  kind: Type.Optional(
    Type.String({
      pattern: '^[a-z_]{1,32}$',
      description: 'A kind of change, such as `cancelled` or `key_revoked`.',
    }),
  ),
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9]\\d?|[1-4]\\d\\d|500)$',
      description: `How many entries at most: 1 to ${PAGE.max}, ${PAGE.default} by default.`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: CURSOR_PATTERN, description: '`next_cursor` of the page before.' }),
  ),
});

const instant = (text: string | undefined) =>
  text === undefined ? null : epochMs(Date.parse(text));

/** Adds the route that tells who did what. */
export function addAuditRoutes(routes: Routes, { auditTrail }: { auditTrail: AuditTrail }): void {
  routes.read({
    name: 'readAudit',
    url: '/audit',
    tag: 'Reports',
    summary: 'Read who changed what, when and why',
    description:
      'The record of all changes, also of access keys and webhooks, the latest first, without names of patients. All of what is given must fit. A page can have fewer entries than `limit`: there are more as long as `next_cursor` is not null.',
    query: AuditQuery,
    success: Audit,
    codes: [],
    run: async ({ query }, asked) => {
      const { doctor_id, token_id, actor = null, kind = null, limit, cursor } = query;
      const filter = {
        ...{ actor, kind, from: instant(query.from), to: instant(query.to) },
        doctorId: doctor_id === undefined ? null : doctorId(doctor_id),
        tokenId: token_id === undefined ? null : tokenId(token_id),
      };
      const page = await auditTrail.page({
        ...{ ...asked, filter, before: placeOf(cursor ?? '') },
        limit: limit === undefined ? PAGE.default : Number(limit),
      });
      return shown(page, auditOf);
    },
  });
}
