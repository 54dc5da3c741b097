const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text for one line of a terminal, which would obey control characters and let others turn the direction of what follows: they are
 * written as in a string of JavaScript.
 */
export const printable = (text: string): string =>
  text.replace(
    UNPRINTABLE,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
