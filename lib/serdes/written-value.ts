/** Takes the place of a value of which nobody needs more than the bytes that its serde has written. */
export class WrittenValue {
  constructor(readonly bytes: Buffer) {}
}
