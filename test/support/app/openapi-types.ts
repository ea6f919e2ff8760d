import { mkdir, writeFile } from 'node:fs/promises';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { describedApi } from './described-routes.ts';

const FOLDER = new URL('../../../node_modules/.cache/', import.meta.url);

/** Makes the types of the service's description and writes them where `src/web/tsconfig.json` looks for them. */
export async function writeOpenApiTypes(): Promise<void> {
  const types = astToString(await openapiTS(structuredClone((await describedApi()) as OpenAPI3)));
  await mkdir(FOLDER, { recursive: true });
  await writeFile(new URL('openapi.d.ts', FOLDER), types);
}
