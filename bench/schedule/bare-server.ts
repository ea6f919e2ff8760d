import Fastify from 'fastify';
import { Schedule } from '../../src/http/resources/schedule.ts';
import type { ScheduleView } from '../../src/http/resources/index.ts';
import { VALIDATION } from '../../src/http/schema.ts';

// A bare Fastify route with the schema of `GET /schedule`. It answers every request with the schedule that it is sent first.

const app = Fastify({ ajv: { customOptions: VALIDATION } });

process.once('message', (schedule: ScheduleView) => {
  app.get('/schedule', { schema: { response: { 200: Schedule } } }, (_request, reply) => {
    reply.send(schedule);
  });
  void app.listen({ host: '127.0.0.1', port: 0 }).then((url) => process.send?.(url));
});
