import { isRelieved, pressureReasonSchema, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";

/**
 * Whether a step that only a full disk justified has lost its reason, because the steps before it freed enough. Measured:
 * what the engine or the estimate says may be far from what the file system gives back.
 */
export async function hasLostItsReason({ reason }: Verdict, context: ActContext): Promise<boolean> {
  const pressed = pressureReasonSchema.safeParse(reason);
  if (!pressed.success) return false;
  const disk = await context.engineDisk();
  return disk !== undefined && isRelieved(disk, pressed.data);
}
