import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { duplicateFieldsOf } from '../service/index.ts';
import { RequestFault } from './request-fault.ts';
import { FAULTS_MAX } from './validation-faults.ts';

/** The escape of a lone surrogate in the output of `JSON.stringify`: no store can save half a character unchanged. */
const LONE_SURROGATE = /(?<!\\)(\\\\)*\\ud[89a-f]/;

/**
 * Takes JSON only if it is UTF-8, because Fastify's own parser puts replacement characters into a patient's name; only
 * if no field is given twice, because JavaScript's parser keeps the last one silently; and only if it is not compressed.
 */
export function takeJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      done(new RequestFault('unsupported_media_type'));
      return;
    }
    if (!isUtf8(bytes)) {
      done(new RequestFault('malformed_json'));
      return;
    }
    const text = bytes.toString('utf8');
    void parse(request, text, (error, value: unknown) => {
      done(error ?? faultOf(text, value), value);
    });
  });
}

/** What is wrong with a JSON body that JavaScript's parser accepts; null when nothing is. */
function faultOf(text: string, value: unknown): RequestFault | null {
  if (text.includes('\\u') && LONE_SURROGATE.test(JSON.stringify(value)))
    return new RequestFault('malformed_json');
  const errors = duplicateFieldsOf(text, value).slice(0, FAULTS_MAX);
  return errors.length === 0 ? null : new RequestFault('invalid_request', { errors });
}
