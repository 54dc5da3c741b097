import type * as Protobuf from 'protobufjs'
import { registryModule } from '../registry/registry-modules'
import type { NamedSchema } from '../registry/references'
import { strictReader, type StrictReader } from './strict-reader'

export type MessageType = Protobuf.Type

let loaded: typeof Protobuf | undefined
const protobufjs = (): typeof Protobuf => (loaded ??= registryModule('protobufjs') as typeof Protobuf)

let reader: StrictReader | undefined

/** @throws Error for what is no such message */
export const decodeMessage = (type: MessageType, bytes: Buffer): Record<string, unknown> => {
  reader ??= strictReader(protobufjs())
  return type.decode(new reader(bytes)) as unknown as Record<string, unknown>
}

/** Types that come with every Protobuf, and are not registered. */
const WELL_KNOWN = /^google\/protobuf\//
const DESCRIPTOR = 'google/protobuf/descriptor.proto'

/** A `.proto` file with what it imports. */
export class ProtoFile {
  private readonly root: Protobuf.Root
  private readonly packageName: string
  /** The messages of this file alone, in their order. */
  private readonly messages: readonly MessageType[]

  /** @throws Error for what is no `.proto` file, or lacks what it imports */
  constructor(schema: string, references: readonly NamedSchema[]) {
    const { parse, Root } = protobufjs()
    const root = (this.root = new Root())
    const given = new Set(references.map(({ name }) => name))
    const imports = new Set<string>()
    for (const text of [...references.map((reference) => reference.schema), schema]) {
      const file = parse(text, root)
      for (const name of [...(file.imports ?? []), ...(file.weakImports ?? [])]) if (!given.has(name)) imports.add(name)
    }
    for (const name of imports) root.addJSON(wellKnown(name))
    const own = parse(schema, new Root())
    this.packageName = own.package ?? ''
    this.root.resolveAll()
    const inOrder = messagesOf(own.package === undefined ? own.root : own.root.lookup(own.package)!)
    if (inOrder.length === 0) throw new Error('it has no message')
    this.messages = inOrder.map(({ fullName }) => this.root.lookupType(fullName))
  }

  /** By its name in the file's package, or with it; without a name the first one. @throws Error */
  message(name?: string): MessageType {
    if (name === undefined) return this.messages[0]!
    const inFile = all(this.messages)
    const found = inFile.find((message) => nameOf(message) === name || this.relative(message) === name)
    if (found !== undefined) return found
    throw new Error(`it has no message "${name}", only ${inFile.map((message) => this.relative(message)).join(', ')}`)
  }

  /** @throws Error */
  at(indexes: readonly number[]): MessageType {
    let messages = this.messages
    let message: MessageType | undefined
    for (const index of indexes) {
      message = messages[index]
      if (message === undefined) throw new Error(`it has no message at the indexes ${indexes.join(', ')}`)
      messages = messagesOf(message)
    }
    return message ?? this.messages[0]!
  }

  indexesOf(message: MessageType): number[] {
    const path: number[] = []
    for (let at = message; ; at = at.parent as MessageType) {
      const top = this.messages.indexOf(at)
      if (top >= 0) return [top, ...path]
      path.unshift(messagesOf(at.parent!).indexOf(at))
    }
  }

  private relative(message: MessageType): string {
    const name = nameOf(message)
    return this.packageName === '' ? name : name.slice(this.packageName.length + 1)
  }
}

/** With its package. */
export const nameOf = ({ fullName }: MessageType): string => fullName.slice(1)

/** The entries of maps are no messages of the text. */
const messagesOf = (namespace: Protobuf.ReflectionObject): MessageType[] =>
  (namespace as Protobuf.Namespace).nestedArray.filter(
    (one): one is MessageType => one instanceof protobufjs().Type && !(one as { group?: boolean }).group,
  )

const all = (messages: readonly MessageType[]): MessageType[] =>
  messages.flatMap((message) => [message, ...all(messagesOf(message))])

const wellKnown = (name: string): Record<string, Protobuf.AnyNestedObject> => {
  const file =
    name === DESCRIPTOR
      ? (registryModule('protobufjs/google/protobuf/descriptor.json') as Protobuf.INamespace)
      : WELL_KNOWN.test(name)
        ? protobufjs().common.get(name)
        : null
  if (file?.nested != null) return file.nested
  throw new Error(
    `it imports "${name}", which is not among its references: pass its text in { references: { '${name}': … } }`,
  )
}
