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
 * @throws InvalidMessageError with what the schema has found.
 */
export function checkMessage<M extends Message>(message: M): M | Promise<M> {
  const type = typeOf(message);
  return type.schema === undefined ? message : checkFields(type, type.schema, message);
}

/** Makes a message of what has been received, and asks its schema. Throws as `checkMessage` does. */
export function receiveMessage<M extends Message>(type: MessageType<M>, fields: object): M | Promise<M> {
  return type.schema === undefined ? messageOf(type, fields) : checkFields(type, type.schema, fields);
}

function checkFields<M extends Message>(type: MessageType<M>, schema: StandardSchema, fields: object): M | Promise<M> {
  const name = getUniqueNameForMessage(type);
  let result;
  try {
    result = schema['~standard'].validate({ ...fields });
  } catch (error) {
    throw schemaFailed(name, error);
  }
  if (!(result instanceof Promise)) return passed(type, name, result);
  return result.then(
    (later) => passed(type, name, later),
    (error: unknown) => {
      throw schemaFailed(name, error);
    },
  );
}

function passed<M extends Message>(type: MessageType<M>, name: string, result: SchemaResult<unknown>): M {
  if (result.issues !== undefined) {
    const found = result.issues.map(describeIssue).join('; ');
    throw new InvalidMessageError(`Its schema does not let this ${name} pass. ${found}`, { issues: result.issues });
  }
  if (!isFields(result.value)) {
    throw new InvalidMessageError(
      `The schema of ${name} gives something else than an object. Give it one for objects.`,
    );
  }
  return messageOf(type, result.value);
}

function schemaFailed(name: string, thrown: unknown): InvalidMessageError {
  const cause = asError(thrown);
  return new InvalidMessageError(`The schema of ${name} has thrown: ${cause.message}`, { cause });
}
