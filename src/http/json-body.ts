import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';

/** The escape of a lone surrogate in the output of `JSON.stringify`: no store can save half a character unchanged. */
const LONE_SURROGATE = /(?<!\\)(\\\\)*\\ud[89a-f]/;

/** Takes JSON only if it is UTF-8, because Fastify's own parser puts replacement characters into a patient's name. */
export function takeJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (!isUtf8(bytes)) {
      done(notUtf8());
      return;
    }
    const text = bytes.toString('utf8');
    void parse(request, text, (error, value: unknown) => {
      const isBroken =
        error === null && text.includes('\\u') && LONE_SURROGATE.test(JSON.stringify(value));
      if (isBroken) done(notUtf8());
      else done(error, value);
    });
  });
}

const notUtf8 = (): Error =>
  Object.assign(new Error('The body is not UTF-8.'), { statusCode: 400 });
