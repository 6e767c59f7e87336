/** One change of the host at a time: whoever has the lock acts, the others queue in their order. */
export interface HostLock {
  <T>(work: () => Promise<T>): Promise<T>;
}

export function createHostLock(): HostLock {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
