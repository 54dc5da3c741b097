/**
 * The interface that validators share (https://standardschema.dev, version 1), as types: zod, valibot, arktype and others
 * implement it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the standard requires of a validator. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => ValidationResult<Output> | Promise<ValidationResult<Output>>
    /** Never set: carries the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** The value, or its issues. */
export type ValidationResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly ValidationIssue[] }

/** A problem with a value. */
export interface ValidationIssue {
  /** For humans. */
  readonly message: string
  /** Where in the value it is. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a validator gives for what it accepts. */
export type ValidatedBy<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']
