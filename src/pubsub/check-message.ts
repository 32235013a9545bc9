import { isDeepStrictEqual } from 'node:util';
import { asError } from '../errors.js';
import { InvalidMessageError } from './errors.js';
import { getUniqueNameForMessage, isFields, messageOf, typeOf } from './message.js';
import type { Message, MessageType } from './message.js';
import { describeIssue } from './standard-schema.js';
import type { SchemaResult, StandardSchema } from './standard-schema.js';

/**
 * Asks the schema of a message, and gives the message it lets pass; a promise only when the schema is asynchronous.
 * What the schema makes of the fields, such as defaults for what is missing, is in the message it gives.
 *
 * What is received elsewhere is checked again there, so the schema must take what it gives, and leave it as it is: a
 * message that would only pass here is refused here.
 *
 * @throws InvalidMessageError with what the schema has found.
 */
export function checkMessage<M extends Message>(message: M): M | Promise<M> {
  const type = typeOf(message);
  const { schema } = type;
  if (schema === undefined) return message;
  const name = getUniqueNameForMessage(type);
  const given: object = Object.assign({}, message);
  return then(ask(schema, name, given), (first) => {
    const fields = fieldsOf(first, name);
    if (isDeepStrictEqual(fields, given)) return message;
    return then(ask(schema, name, fields), (second) => {
      requireSame(first, second, name);
      return messageOf(type, fields);
    });
  });
}

/** Makes a message of what has been received, and asks its schema. Throws as `checkMessage` does. */
export function receiveMessage<M extends Message>(type: MessageType<M>, received: object): M | Promise<M> {
  const { schema } = type;
  if (schema === undefined) return messageOf(type, received);
  const name = getUniqueNameForMessage(type);
  return then(ask(schema, name, { ...received }), (result) => messageOf(type, fieldsOf(result, name)));
}

function ask(
  schema: StandardSchema,
  name: string,
  fields: object,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  let result;
  try {
    result = schema['~standard'].validate(fields);
  } catch (error) {
    throw schemaFailed(name, error);
  }
  if (!(result instanceof Promise)) return result;
  return result.catch((error: unknown) => {
    throw schemaFailed(name, error);
  });
}

/** The output of a schema for the fields of a message. */
function fieldsOf(result: SchemaResult<unknown>, name: string): object {
  if (result.issues !== undefined) {
    const found = result.issues.map(describeIssue).join('; ');
    throw new InvalidMessageError(`Its schema does not let this ${name} pass. ${found}`, { issues: result.issues });
  }
  if (isFields(result.value)) return result.value;
  throw new InvalidMessageError(`The schema of ${name} gives something else than an object. Give it one for objects.`);
}

function requireSame(first: SchemaResult<unknown>, second: SchemaResult<unknown>, name: string): void {
  if (second.issues === undefined && isDeepStrictEqual('value' in first && first.value, second.value)) return;
  const found = second.issues?.map(describeIssue).join('; ') ?? 'It gives something else the second time.';
  throw new InvalidMessageError(
    `The schema of ${name} does not take what it gives, so nobody could receive this message: ${found} ` +
      'Transform in the handler, or let the schema take both, as z.coerce.date() does.',
    { issues: second.issues },
  );
}

function schemaFailed(name: string, thrown: unknown): InvalidMessageError {
  const cause = asError(thrown);
  return new InvalidMessageError(`The schema of ${name} has thrown: ${cause.message}`, { cause });
}

/** Goes on now or later, as a value is there. */
function then<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
