import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../send-problem.ts';
import { PageDocument, PAGES, type PageKind } from './page.ts';
import { ENCODINGS, readPageFiles, type PageFile, type PageFiles } from './page-files.ts';

/** The query of a page is for its script. */
const AnyQuery = Type.Object({});

/** Adds the pages that people use in a browser, and the files that the pages load. */
export function addPageRoutes(app: FastifyInstance): void {
  const site = new Site();
  for (const [url, kind] of Object.entries<PageKind>(PAGES))
    app.get(url, { schema: { hide: true, querystring: AnyQuery } }, async (request, reply) => {
      const page = await site.page(kind);
      reply.headers({
        'Cache-Control': 'no-cache',
        'Content-Security-Policy': page.policy,
        'Cross-Origin-Opener-Policy': 'same-origin',
      });
      return sendFile(page, request, reply);
    });

  app.get<{ Params: { version: string; '*': string } }>(
    '/web/:version/*',
    { schema: { hide: true } },
    async (request, reply) => {
      const { version, byPath } = await site.files();
      const file = byPath.get(request.params['*']);
      if (file === undefined) return sendProblem(request, reply, 'route_not_found');
      // A page of an earlier program, which is still open, gets what there is, and asks again the next time.
      const isCurrent = request.params.version === version;
      reply.header('Cache-Control', isCurrent ? 'public, max-age=31536000, immutable' : 'no-cache');
      return sendFile(file, request, reply);
    },
  );
}

/** The pages and their files. They are read when the first of them is asked for, because most processes of tests serve none. */
class Site {
  #files: Promise<PageFiles> | undefined;
  readonly #pages = new Map<PageKind, PageDocument>();

  files(): Promise<PageFiles> {
    return (this.#files ??= readPageFiles());
  }

  async page(kind: PageKind): Promise<PageDocument> {
    const page = this.#pages.get(kind) ?? new PageDocument(kind, await this.files());
    this.#pages.set(kind, page);
    return page;
  }
}

async function sendFile(
  file: PageFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.headers({ ETag: file.etag, Vary: 'Accept-Encoding' });
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  // The smallest that the browser reads, whatever it names first.
  const encoding = ENCODINGS.find((each) => request.encoding([each]) === each);
  reply.type(file.mediaType);
  if (encoding === undefined) return reply.send(file.bytes);
  return reply.header('Content-Encoding', encoding).send(await file.encoded(encoding));
}
