interface Entry<T> {
  readonly item: T
  parent: Entry<T> | null
  left: Entry<T> | null
  right: Entry<T> | null
  red: boolean
}

/**
 * `java.util.TreeSet`: red-black insertion that compares only while it inserts. Items whose rank changes afterwards stay
 * where they are, so the order of a topology's text follows from these very rotations and from nothing simpler.
 */
export class JavaTreeSet<T> implements Iterable<T> {
  private root: Entry<T> | null = null

  constructor(private readonly compare: (a: T, b: T) => number) {}

  add(item: T): void {
    let parent: Entry<T> | null = null
    let onLeft = false
    for (let at = this.root; at !== null; at = onLeft ? at.left : at.right) {
      const order = this.compare(item, at.item)
      if (order === 0) return
      parent = at
      onLeft = order < 0
    }
    const entry: Entry<T> = { item, parent, left: null, right: null, red: true }
    if (parent === null) this.root = entry
    else if (onLeft) parent.left = entry
    else parent.right = entry
    this.rebalance(entry)
  }

  *[Symbol.iterator](): Iterator<T> {
    const path: Entry<T>[] = []
    let at = this.root
    while (at !== null || path.length > 0) {
      for (; at !== null; at = at.left) path.push(at)
      const entry = path.pop()!
      yield entry.item
      at = entry.right
    }
  }

  private rebalance(inserted: Entry<T>): void {
    let entry = inserted
    while (entry.parent?.red && entry.parent.parent) {
      const grandparent: Entry<T> = entry.parent.parent
      const parentOnLeft = entry.parent === grandparent.left
      const uncle = parentOnLeft ? grandparent.right : grandparent.left
      if (uncle?.red) {
        entry.parent.red = false
        uncle.red = false
        grandparent.red = true
        entry = grandparent
        continue
      }
      const inner = parentOnLeft ? entry.parent.right : entry.parent.left
      if (entry === inner) {
        entry = entry.parent
        this.rotate(entry, parentOnLeft)
      }
      entry.parent!.red = false
      grandparent.red = true
      this.rotate(grandparent, !parentOnLeft)
    }
    this.root!.red = false
  }

  private rotate(entry: Entry<T>, toLeft: boolean): void {
    const pivot = (toLeft ? entry.right : entry.left)!
    const moved = toLeft ? pivot.left : pivot.right
    if (toLeft) entry.right = moved
    else entry.left = moved
    if (moved) moved.parent = entry
    pivot.parent = entry.parent
    if (entry.parent === null) this.root = pivot
    else if (entry.parent.left === entry) entry.parent.left = pivot
    else entry.parent.right = pivot
    if (toLeft) pivot.left = entry
    else pivot.right = entry
    entry.parent = pivot
  }
}
