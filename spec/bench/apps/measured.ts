/** What the Java programs of spec/bench/java print, too. */
export const printMeasured = (count: number, seconds: number): void => {
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ count, seconds, cpuSeconds, maxRssMb }))
}

export const env = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
