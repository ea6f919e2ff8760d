import { bytesOf, urlOf, type FuzzRequest, type Pair } from './requests.ts';

const [HOST, PORT] = ['127.0.0.1', 8080];

/** A line for bash that sends a request to a service at the default address. */
export function curlOf(request: FuzzRequest): string {
  const body = bytesOf(request);
  const url = `http://${HOST}:${PORT}${urlOf(request)}`;
  const headers = request.headers.some(([name]) => name === 'content-type')
    ? request.headers
    : [...request.headers, ['content-type', null] as const];
  const curl = [
    `curl -i -g --path-as-is -X ${request.method} ${quoted(url)}`,
    ...headers.map((header) => `-H ${quoted(headerOf(header))}`),
  ].join(' ');
  if (body === undefined) return curl;
  return isPrintable(body)
    ? `${curl} --data-binary ${quoted(body.toString())}`
    : `${printedBy(body)} | ${curl} --data-binary @-`;
}

/** A line for bash that sends bytes to a service at the default address. */
export const netcatOf = (bytes: Buffer): string => `${printedBy(bytes)} | nc -q 9 ${HOST} ${PORT}`;

/** A header as curl takes it: without a value it is sent empty, and with null curl leaves out a header of its own. */
const headerOf = ([name, value]: Pair | readonly [string, null]): string => {
  if (value === null) return `${name}:`;
  return value === '' ? `${name};` : `${name}: ${value}`;
};

const isPrintable = (bytes: Buffer): boolean => !/[^\x20-\x7e]/.test(bytes.toString('latin1'));

/** A word for bash that stands for a text whose characters are bytes, none of which is 0. */
function quoted(text: string): string {
  const escaped = text.replaceAll("'", String.raw`'\''`);
  if (!/[^\x20-\x7e]/.test(text)) return `'${escaped}'`;
  const word = text.replaceAll(
    /[^\x20-\x7e]|['\\]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `$'${word}'`;
}

/** A command for bash that prints the bytes. A word of bash cannot have a byte 0, so `printf` makes the bytes. */
function printedBy(bytes: Buffer): string {
  const text = bytes
    .toString('latin1')
    .replaceAll(
      /[^\x20-\x7e]|['\\]/g,
      (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
    );
  return `printf %b '${text}'`;
}
