import { Type, type Static } from '@sinclair/typebox';
import {
  instantOf,
  ROLE_NAMES,
  type PutKey as ServicePutKey,
  type Role,
  type StoredKey,
} from '../../service/index.ts';
import { arrayOf, Instant, oneOf, orNull, Text } from '../schema.ts';

const keyFields = {
  name: Text,
  id: Type.String({
    description: 'The public part of the secret, by which the log names the key.',
  }),
  role: oneOf(ROLE_NAMES, { title: 'Role' }),
  doctor_ids: arrayOf(Text, 'The doctors to whom the key is limited; empty when it is not.'),
  created_at: Type.String({ ...Instant, description: 'When the key got its secret.' }),
  expires_at: orNull(Instant),
  revoked_at: orNull(Instant),
  last_used_at: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description: 'The last use, exact to a minute; null before the first.',
  }),
};

export const Key = Type.Object(keyFields, {
  title: 'Key',
  description: 'An access key, without its secret, which is not stored.',
});
export type KeyView = Static<typeof Key>;

const instantOrNull = (at: StoredKey['expiresAt']): string | null =>
  at === null ? null : instantOf(at);

export const keyOf = (key: StoredKey): KeyView => ({
  name: key.name,
  id: key.id,
  role: key.role as Role,
  doctor_ids: key.doctorIds,
  created_at: instantOf(key.createdAt),
  expires_at: instantOrNull(key.expiresAt),
  revoked_at: instantOrNull(key.revokedAt),
  last_used_at: instantOrNull(key.lastUsedAt),
});

export const Keys = Type.Object(
  { keys: arrayOf(Key) },
  { title: 'Keys', description: 'All keys in the order of their names, revoked ones included.' },
);

export const PutKey = Type.Object(
  {
    ...keyFields,
    secret: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'The new secret, which is given only here; null when the key keeps its secret.',
    }),
  },
  { title: 'PutKey', description: 'The key, and its secret if it is new.' },
);

export const putKeyOf = ({ key, secret }: ServicePutKey): Static<typeof PutKey> => ({
  ...keyOf(key),
  secret,
});
