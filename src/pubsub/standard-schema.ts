/**
 * The part of the Standard Schema interface, version 1, that is used here. Validators such as zod, valibot and arktype
 * have it, so any of them can say what a message may hold.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The interface of the standard, which the validator implements. */
  readonly '~standard': {
    /** The version of the interface. */
    readonly version: 1;
    /** The library, such as `zod`. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types only; nothing is there when the program runs. */
    readonly types?: SchemaTypes<Input, Output> | undefined;
  };
}

/** The types of a schema. */
export interface SchemaTypes<Input, Output> {
  /** The type of the input. */
  readonly input: Input;
  /** The type of the output. */
  readonly output: Output;
}

/** The result of a schema for a value: the output, or the issues. */
export type SchemaResult<Output> = SchemaSuccess<Output> | SchemaFailure;

/** A schema lets a value pass. */
export interface SchemaSuccess<Output> {
  /** The output of the schema. */
  readonly value: Output;
  /** A result without issues. */
  readonly issues?: undefined;
}

/** A schema does not let a value pass. */
export interface SchemaFailure {
  /** The issues that the schema has found. */
  readonly issues: readonly SchemaIssue[];
}

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** The message of the issue, for people. */
  readonly message: string;
  /** The path to the place in the value. */
  readonly path?: readonly (PropertyKey | SchemaPathStep)[] | undefined;
}

/** One step of the way to a place in a value. */
export interface SchemaPathStep {
  /** The name of a field, or the number of an element. */
  readonly key: PropertyKey;
}

/** The type of what a schema lets pass. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/** The type of what a schema takes. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];

/** An issue in words, with the place: `customer.name: Required`. */
export function describeIssue({ message, path = [] }: SchemaIssue): string {
  const place = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return place === '' ? message : `${place}: ${message}`;
}
