/** Asks an instance for what a browser asks it for that opens the dashboard. Resolves when the page is there and has its first event; the function leaves. */
export const openDashboard = async (url: string): Promise<() => void> => {
  for (const file of ['dashboard', 'dashboard/page.css', 'dashboard/page.js', 'topology?format=svg']) {
    await (await get(`${url}/${file}`)).arrayBuffer()
  }
  const leaving = new AbortController()
  const reader = (await get(`${url}/dashboard/events`, leaving.signal)).body!.getReader()
  await reader.read()
  void readOn(reader, leaving.signal)
  return () => leaving.abort()
}

const get = async (url: string, signal: AbortSignal | null = null): Promise<Response> => {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${url} was answered with status ${response.status}`)
  return response
}

const readOn = async (reader: ReadableStreamDefaultReader, signal: AbortSignal): Promise<void> => {
  try {
    while (!(await reader.read()).done);
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
