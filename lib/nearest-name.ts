/** The name with the closest spelling, ignoring dots and case (so that `commit.interval.ms` finds `commitInterval`). */
export const nearestName = (key: string, names: readonly string[]): string | undefined => {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .replace(/ms$/, '')
  let best: string | undefined
  let least = Infinity
  for (const name of names) {
    const distance = distanceOf(plain(key), plain(name))
    if (distance < least) [best, least] = [name, distance]
  }
  return least <= Math.max(2, Math.floor(key.length / 3)) ? best : undefined
}

const distanceOf = (a: string, b: string): number => {
  if (a === b) return 0
  // a longer or shorter form of the same name is close
  if (a.startsWith(b) || (a.length > 3 && b.startsWith(a))) return 1
  return editDistance(a, b)
}

const editDistance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    previous = row
  }
  return previous[b.length]!
}
