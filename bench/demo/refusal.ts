/** What was asked for cannot be done now; the message is one line for the person who asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
