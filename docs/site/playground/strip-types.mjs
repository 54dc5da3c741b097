import { transform } from 'sucrase'

/** TypeScript as a CommonJS module in JavaScript, with the same lines. Throws a SyntaxError with its place. */
export const stripTypes = (code) =>
  transform(code, { transforms: ['typescript', 'imports'], disableESTransforms: true }).code
