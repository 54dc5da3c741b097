/** A place holds a hash and an entry's position + 1; 0 is free. */
export const PLACE_BYTES = 8
const INITIAL_PLACES = 64
/** How many places each addition moves at least while the index grows: far more than it takes to be done before the next growth. */
const MOVED = 16
/** Marks a place as one of those from before the index grew. */
const BEFORE = 1 << 30

/**
 * Finds entries, which are elsewhere, by their hashes: open addressing with linear probing. A look-up waits for memory once.
 *
 * It grows by incremental rehashing, as moving all of a large index at once would hold up everything else: for a while there are
 * two arrays of places, and each addition moves some. Hashes whose places have not moved are looked up in both.
 *
 * A place that a method returns is valid until the next addition or removal.
 */
export class HashIndex {
  #places: Int32Array
  #used = 0
  /** The places from before the index grew, until all have moved. Nothing is added there. */
  #before: Int32Array | null = null
  /** Where moving began: at a place that was free. */
  #start = 0
  /** So many of those places have moved, and are free now. */
  #moved = 0

  /** It takes so many places at most, a power of two. */
  constructor(private readonly maxPlaces = Infinity) {
    this.#places = newPlaces(Math.min(INITIAL_PLACES, maxPlaces))
  }

  get size(): number {
    return this.#used
  }

  /** Something must be removed before the next addition. */
  get isFull(): boolean {
    return isFilledBy(this.#used + 1, this.maxPlaces)
  }

  /** The first place with that hash; -1: none. */
  find(hash: number): number {
    const before = this.#before
    if (before !== null && !this.#hasMoved(hash, before)) {
      const place = seek(before, hash, hash)
      if (place >= 0) return place | BEFORE
    }
    return seek(this.#places, hash, hash)
  }

  /** The next place with the same hash; -1: none. */
  next(place: number, hash: number): number {
    if ((place & BEFORE) === 0) return seek(this.#places, hash, place + 1)
    const next = seek(this.#before!, hash, (place ^ BEFORE) + 1)
    return next < 0 ? seek(this.#places, hash, hash) : next | BEFORE
  }

  /** The place of an entry that is in the index. */
  placeOf(hash: number, position: number): number {
    let place = this.find(hash)
    while (this.positionAt(place) !== position) place = this.next(place, hash)
    return place
  }

  positionAt(place: number): number {
    if ((place & BEFORE) === 0) return this.#places[2 * place + 1]! - 1
    return this.#before![2 * (place ^ BEFORE) + 1]! - 1
  }

  /** The entry is elsewhere now. */
  setPosition(place: number, position: number): void {
    if ((place & BEFORE) === 0) this.#places[2 * place + 1] = position + 1
    else this.#before![2 * (place ^ BEFORE) + 1] = position + 1
  }

  /**
   * The positions at which entries of these hashes probably are, 0 where there are none. No read waits for another one here,
   * so that the processor has many under way.
   */
  likelyPositions(hashes: Int32Array, count: number, positions: Int32Array): void {
    const places = this.#places
    const mask = maskOf(places)
    const before = this.#before
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!
      positions[i] = places[2 * (hash & mask) + 1]!
      if (before !== null && !this.#hasMoved(hash, before)) positions[i] ||= before[2 * (hash & maskOf(before)) + 1]!
    }
    for (let i = 0; i < count; i++) positions[i] = Math.max(0, positions[i]! - 1)
  }

  add(hash: number, position: number): void {
    if (this.#before !== null) this.#move(this.#before)
    else if (isFilledBy(this.#used + 1, this.#places.length / 2)) this.#grow()
    this.#used++
    put(this.#places, hash, position + 1)
  }

  remove(place: number): void {
    this.#used--
    if ((place & BEFORE) === 0) removeFrom(this.#places, place)
    else removeFrom(this.#before!, place ^ BEFORE)
  }

  /** Removes all, and gives the memory back. */
  clear(): void {
    this.#places = newPlaces(Math.min(INITIAL_PLACES, this.maxPlaces))
    this.#before = null
    this.#used = 0
  }

  #grow(): void {
    const before = this.#places
    // zeroed by the system, page by page as they are first used
    this.#places = newPlaces(before.length)
    this.#before = before
    this.#start = freePlace(before)
    this.#moved = 0
  }

  #hasMoved(hash: number, before: Int32Array): boolean {
    return ((hash - this.#start) & maskOf(before)) < this.#moved
  }

  /** Moves up to a free place: behind that, nothing hashes to a place in front of it. */
  #move(before: Int32Array): void {
    const places = this.#places
    const mask = maskOf(before)
    let moved = this.#moved
    for (let left = MOVED; ; left--, moved++) {
      const word = 2 * ((this.#start + moved) & mask)
      const value = before[word + 1]!
      if (value !== 0) {
        before[word + 1] = 0
        put(places, before[word]!, value)
      } else if (left <= 0) {
        break
      }
    }
    this.#moved = moved
    if (moved > mask) this.#before = null
  }
}

const newPlaces = (count: number): Int32Array => new Int32Array(2 * count)

const maskOf = (places: Int32Array): number => places.length / 2 - 1

/** Probing takes the longer the fewer places are free. */
const isFilledBy = (entries: number, places: number): boolean => 4 * entries > 3 * places

const freePlace = (places: Int32Array): number => {
  let place = 0
  while (places[2 * place + 1] !== 0) place++
  return place
}

const seek = (places: Int32Array, hash: number, from: number): number => {
  const mask = maskOf(places)
  for (let place = from & mask; places[2 * place + 1] !== 0; place = (place + 1) & mask) {
    if (places[2 * place] === hash) return place
  }
  return -1
}

const put = (places: Int32Array, hash: number, value: number): void => {
  const mask = maskOf(places)
  let place = hash & mask
  while (places[2 * place + 1] !== 0) place = (place + 1) & mask
  places[2 * place] = hash
  places[2 * place + 1] = value
}

const removeFrom = (places: Int32Array, removed: number): void => {
  const mask = maskOf(places)
  let hole = removed
  // those displaced by this one move back, so that probing finds them without a gap
  for (let place = (hole + 1) & mask; places[2 * place + 1] !== 0; place = (place + 1) & mask) {
    const distance = (place - places[2 * place]!) & mask
    if (distance < ((place - hole) & mask)) continue
    places[2 * hole] = places[2 * place]!
    places[2 * hole + 1] = places[2 * place + 1]!
    hole = place
  }
  places[2 * hole + 1] = 0
}
