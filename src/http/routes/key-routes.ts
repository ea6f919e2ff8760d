import { Type, type Static } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { doctorId, epochMs } from '../../engine/index.ts';
import {
  AVAILABILITY_REFUSALS,
  Id,
  KEY_NAME_PATTERN,
  refusalOf,
  ROLE_NAMES,
  type Operation,
  type Service,
} from '../../service/index.ts';
import { Key, keyOf, Keys, PutKey, putKeyOf } from '../resources/key.ts';
import { BODY_CODES, optionsOf, type Routes } from '../route.ts';
import { closed, oneOf, InstantText } from '../schema.ts';
import { sendProblem, sendRefusal } from '../send-problem.ts';

/** Doctors to whom a key may be limited. */
const DOCTORS_MAX = 100;

const KeyParams = closed({
  name: Type.String({
    pattern: KEY_NAME_PATTERN,
    description: '1 to 64 letters, digits and `_.-`; the first is a letter or a digit.',
    examples: ['front-desk'],
  }),
});

const KeyBody = closed(
  {
    role: oneOf(ROLE_NAMES, { title: 'Role' }),
    doctor_ids: Type.Optional(
      Type.Array(Id, {
        maxItems: DOCTORS_MAX,
        description: 'The doctors to whom the key is limited. All by default.',
      }),
    ),
    expires_at: Type.Optional(
      Type.String({
        ...InstantText,
        description: 'When the key stops to be valid. Never by default.',
      }),
    ),
    rotate: Type.Optional(
      Type.Boolean({ description: 'Whether a key that exists gets a new secret too.' }),
    ),
  },
  { title: 'KeyRequest', examples: [{ role: 'desk' }] },
);

interface KeyRoutes {
  readonly service: Pick<Service, 'keys' | 'unreadiness'>;
  readonly logger: Logger;
}

/** Adds the routes by which administrators list, make, change and revoke access keys. */
export function addKeyRoutes(routes: Routes, deps: KeyRoutes): void {
  addList(routes, deps);
  addPut(routes, deps);
  addRevoke(routes, deps);
}

function addList(routes: Routes, { service }: KeyRoutes): void {
  const options = optionsOf({
    name: 'listKeys',
    tag: 'Keys',
    summary: 'List the access keys',
    description: 'All keys in the order of their names, also revoked and expired ones.',
    answers: { 200: Keys },
    codes: ['invalid_request', ...AVAILABILITY_REFUSALS],
  });
  routes.app.get(
    '/keys',
    { ...options, onRequest: routes.access.hook('listKeys') },
    (request, reply) =>
      orRefuse(service, request, reply, async () =>
        reply.send({ keys: (await service.keys.registry.list()).map(keyOf) }),
      ),
  );
}

function addPut(routes: Routes, { service, logger }: KeyRoutes): void {
  const options = optionsOf({
    name: 'putKey',
    tag: 'Keys',
    summary: 'Make or change an access key',
    description:
      'A new key, and a key with `rotate`, gets a new secret, which only this answer shows. Otherwise the key keeps its secret, and gets this role, these doctors and this expiry. Every process of the service follows within a second.',
    params: KeyParams,
    body: KeyBody,
    answers: { 200: PutKey, 201: PutKey },
    codes: [...BODY_CODES, ...AVAILABILITY_REFUSALS],
  });
  routes.app.put<{ Params: Static<typeof KeyParams>; Body: Static<typeof KeyBody> }>(
    '/keys/:name',
    { ...options, onRequest: routes.access.hook('putKey') },
    (request, reply) =>
      orRefuse(service, request, reply, async () => {
        const { role, doctor_ids = [], expires_at, rotate = false } = request.body;
        const expiresAt = expires_at === undefined ? null : epochMs(Date.parse(expires_at));
        const { name } = request.params;
        const doctorIds = doctor_ids.map(doctorId);
        const put = await service.keys.registry.put(
          { name, role, doctorIds, expiresAt },
          rotate,
          request.identity.actor,
        );
        if ('faults' in put)
          return sendProblem(request, reply, 'invalid_request', { errors: put.faults });
        await follow('putKey', { request, service, logger });
        return reply.code(put.isNew ? 201 : 200).send(putKeyOf(put));
      }),
  );
}

function addRevoke(routes: Routes, { service, logger }: KeyRoutes): void {
  const options = optionsOf({
    name: 'revokeKey',
    tag: 'Keys',
    summary: 'Revoke an access key',
    description:
      'Every process of the service refuses the key within a second. It stays in the list. To repeat the request changes nothing.',
    params: KeyParams,
    answers: { 200: Key },
    codes: [...BODY_CODES, 'key_not_found', ...AVAILABILITY_REFUSALS],
  });
  routes.app.delete<{ Params: Static<typeof KeyParams> }>(
    '/keys/:name',
    { ...options, onRequest: routes.access.hook('revokeKey') },
    (request, reply) =>
      orRefuse(service, request, reply, async () => {
        const key = await service.keys.registry.revoke(request.params.name, request.identity.actor);
        if (key === undefined) return sendProblem(request, reply, 'key_not_found');
        await follow('revokeKey', { request, service, logger });
        return reply.send(keyOf(key));
      }),
  );
}

/** Makes this process follow a change of the keys at once, and logs who changed which key. */
async function follow(
  operation: Operation,
  { request, service, logger }: KeyRoutes & { readonly request: FastifyRequest },
): Promise<void> {
  const { name } = request.params as { readonly name: string };
  const { actor } = request.identity;
  logger.info(
    { request_id: request.id, actor, operation, key: name },
    'An access key was changed.',
  );
  await service.keys.refresh();
}

/** Answers with a refusal when the store cannot read or write now. */
export async function orRefuse(
  { unreadiness }: Pick<Service, 'unreadiness'>,
  request: FastifyRequest,
  reply: FastifyReply,
  run: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  if (unreadiness !== undefined) return sendProblem(request, reply, unreadiness);
  try {
    return await run();
  } catch (error) {
    return sendRefusal(request, reply, refusalOf(error));
  }
}
