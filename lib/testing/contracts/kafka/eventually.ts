const DEADLINE_MS = 60_000

/** Repeats an assertion until it holds: a broker answers from its copy of the metadata, which follows the controller's. */
export const eventually = async (assertion: () => Promise<void>): Promise<void> => {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() >= deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
