import { bytesOf, urlOf, type FuzzRequest } from './requests.ts';

const ADDRESS = '127.0.0.1:8080';

/** A line for bash that sends a request to a service at the default address. */
export function curlOf(request: FuzzRequest): string {
  const body = bytesOf(request);
  return [
    `curl -i -X ${request.method} ${quoted(`http://${ADDRESS}${urlOf(request)}`)}`,
    '--path-as-is',
    ...request.headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-binary ${quoted(body)}`]),
  ].join(' ');
}

/** A line for bash that sends bytes to a service at the default address. */
export const printfOf = (bytes: Buffer): string =>
  `printf %s ${quoted(bytes)} | nc -q 9 ${ADDRESS.replace(':', ' ')}`;

/** A word for bash that stands for the bytes. */
function quoted(bytes: Buffer | string): string {
  const text = Buffer.from(bytes as Buffer).toString('latin1');
  if (!/[^\x20-\x7e]/.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replaceAll(/[^\x20-\x7e]|['\\]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `\\x${code}`;
  });
  return `$'${escaped}'`;
}
