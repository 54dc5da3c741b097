const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text of records on one line of a terminal, which obeys control characters and turns the direction of what follows: they are
 * shown as in JavaScript's strings.
 */
export const printable = (text: string): string =>
  text.replace(
    UNPRINTABLE,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
