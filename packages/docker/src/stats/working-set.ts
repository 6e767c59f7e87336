/** Usage minus inactive file pages, as the Docker command line and containerd compute it, whoever counted them. */
export function workingSetOf({
  usageBytes,
  inactiveFileBytes,
}: {
  usageBytes: number;
  inactiveFileBytes: number;
}): number {
  return inactiveFileBytes < usageBytes ? usageBytes - inactiveFileBytes : usageBytes;
}
