/** Keeps the event loop busy: what a synchronous callback that is slow does. */
export const block = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}
