import type { Inventory, InventorySection } from "@shipkeeper/model";

/** Whether a list that a removal relies on is not whole: what is missing there may use what is to go. */
export function hasGap(
  gaps: Inventory["gaps"],
  sections: readonly InventorySection[] = ["images", "containers"],
): boolean {
  return gaps.some(({ section }) => sections.includes(section));
}
