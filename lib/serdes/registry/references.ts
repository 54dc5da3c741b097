/** A schema by the name under which others refer to it. */
export interface NamedSchema {
  readonly name: string
  readonly schema: string
}

/** As the text of an import, or of a `$ref`. */
export const mentions = (schema: string, name: string): boolean =>
  ['"', "'"].some((quote) => schema.includes(quote + name + quote) || schema.includes(`${quote}${name}#`))

/** Each behind those that it refers to. */
export const inOrder = (references: Readonly<Record<string, string>>): NamedSchema[] => {
  const ordered = new Map<string, NamedSchema>()
  const visiting = new Set<string>()
  const visit = (name: string): void => {
    if (visiting.has(name)) return
    visiting.add(name)
    const schema = references[name]!
    for (const other of Object.keys(references)) if (other !== name && mentions(schema, other)) visit(other)
    ordered.set(name, { name, schema })
  }
  for (const name of Object.keys(references)) visit(name)
  return [...ordered.values()]
}
