/**
 * The part of the Standard Schema interface, version 1, that is used here. Validators such as zod, valibot and arktype
 * have it, so any of them can say what a message may hold.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the validator offers by the standard. */
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
  /** What it takes. */
  readonly input: Input;
  /** What it gives. */
  readonly output: Output;
}

/** What a schema says of a value: what it has made of it, or what is wrong with it. */
export type SchemaResult<Output> = SchemaSuccess<Output> | SchemaFailure;

/** A schema lets a value pass. */
export interface SchemaSuccess<Output> {
  /** What it has made of the value. */
  readonly value: Output;
  /** Nothing. */
  readonly issues?: undefined;
}

/** A schema does not let a value pass. */
export interface SchemaFailure {
  /** What is wrong with it. */
  readonly issues: readonly SchemaIssue[];
}

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where in the value. */
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
