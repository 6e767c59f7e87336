/**
 * A step that cannot be brought to its end now and must not be forgotten: it stays open in the journal, and the next
 * start of the agent settles it before anything else.
 */
export class StepLeftOpen extends Error {
  override readonly name = "StepLeftOpen";
}
