import { closed, withoutReferences, type Schema } from '../../test/support/app/described-routes.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

/** An operation of the description, without references. */
export interface Operation {
  /** Its `operationId`, for example `book`. */
  readonly id: string;
  readonly method: string;
  /** With parameters in braces, for example `/tokens/{id}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  /** The schemas of its answers, by status and media type. Those of a success take no member that is not described. */
  readonly answers: ReadonlyMap<number, ReadonlyMap<string, Schema>>;
  /** Whether its success is a stream of events, which has no end. */
  readonly isStream: boolean;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;
interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

/** The media type of streams of events. */
export const EVENT_STREAM = 'text/event-stream';

/** Every operation of a description in the form of OpenAPI 3.1. */
export function operationsIn(description: object): Operation[] {
  const { paths } = withoutReferences(description, description) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(method, path, described)),
  );
}

function operationOf(method: string, path: string, described: Described): Operation {
  const { operationId, parameters = [], requestBody, responses } = described;
  const answers = new Map(
    Object.entries(responses).map(([status, { content = {} }]) => {
      const schemas = Object.entries(content).map(([type, { schema }]): [string, Schema] => [
        type,
        Number(status) < 300 ? closed(schema) : schema,
      ]);
      return [Number(status), new Map(schemas)] as const;
    }),
  );
  return {
    ...{ id: operationId, method: method.toUpperCase(), path, parameters },
    body: requestBody?.content['application/json']?.schema,
    answers,
    isStream: answers.get(200)?.has(EVENT_STREAM) === true,
  };
}

/** Whether a status of an answer says that the request succeeded. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300;
