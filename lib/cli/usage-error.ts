/** The command was called wrongly: exit code 2, and a hint at its help. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
