/** What a link carries behind its `#`: the name of an example, or code and records of the reader's own. */
const OWN = 'code='

/** `null` for a link that has none, or a damaged one. */
const readLink = (hash) => {
  if (!hash.startsWith(`#${OWN}`)) return null
  try {
    const base64 = hash
      .slice(OWN.length + 1)
      .replaceAll('-', '+')
      .replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const { code, records } = JSON.parse(new TextDecoder().decode(bytes))
    return typeof code === 'string' && typeof records === 'string' ? { code, records } : null
  } catch {
    return null
  }
}

/** What a hash opens: code and records to show (`shared`), or an example to run (`example`), one of those named. `null`: nothing. */
export const openedBy = (hash, examples) => {
  const shared = readLink(hash)
  if (shared) return { shared }
  const example = examples.find((name) => hash === `#${name}`)
  return example === undefined ? null : { example }
}

export const linkOf = (code, records) => {
  const bytes = new TextEncoder().encode(JSON.stringify({ code, records }))
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return `#${OWN}${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
