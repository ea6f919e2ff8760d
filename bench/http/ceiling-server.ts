import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { KeyHeaders } from '../../src/http/idempotency-key.ts';
import { Booking } from '../../src/http/resources/booking.ts';
import { Cancellation } from '../../src/http/resources/visit.ts';
import { VALIDATION } from '../../src/http/schema.ts';
import { bookBody, CancelBody } from '../../src/http/routes/token-routes.ts';

// Measures the most that Fastify can do on this machine: the booking and cancel routes with their schemas and a constant
// answer.

const ID = '019a0b3c-5d6e-7f80-9123-456789abcdef';
const token = {
  id: ID,
  number: 7,
  patient_name: 'Asha Rao',
  patient_id: 'p-1234567',
  type: 'ONLINE_BOOKING',
  timestamp: '2026-01-05T03:00:00.000Z',
  slot_id: 'doctor-42-5@2026-01-06',
  doctor_id: 'doctor-42',
  status: 'BOOKED' as const,
  start_time: '2026-01-06T03:30:00.000Z',
  end_time: '2026-01-06T04:30:00.000Z',
  waitlist_position: null,
  estimated_time: '2026-01-06T03:54:00.000Z',
  room: null,
};
const booking = { ...token, bumped: null };
const cancellation = { status: 'CANCELLED' as const, id: ID, promoted: token };

const app = Fastify({
  ajv: { customOptions: VALIDATION },
}).withTypeProvider<TypeBoxTypeProvider>();
app.post(
  '/book',
  {
    schema: { headers: KeyHeaders, body: bookBody(DEFAULT_CLASSES), response: { 201: Booking } },
  },
  (_request, reply) => {
    reply.code(201).send(booking);
  },
);
app.post(
  '/cancel',
  { schema: { headers: KeyHeaders, body: CancelBody, response: { 200: Cancellation } } },
  (_request, reply) => {
    reply.send(cancellation);
  },
);
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.(url);
