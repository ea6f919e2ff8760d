import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';

/** Takes JSON only if it is UTF-8: Fastify's own parser would put replacement characters into a patient's name. */
export function takeJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (isUtf8(bytes)) return void parse(request, bytes.toString('utf8'), done);
    done(Object.assign(new Error('The body is not UTF-8.'), { statusCode: 400 }));
  });
}
