import { existsSync, renameSync } from 'node:fs'
import { startKafka } from './cluster'
import { dockerAvailable } from './docker-node'
import { classArchive, KAFKA_VERSION } from './java'

/**
 * Has a broker write an archive of its classes, once per machine: from it, the dozens of brokers of a run start in half the
 * time. Where the JVM writes none, they do without.
 */
export const archiveClasses = async (): Promise<void> => {
  const archive = classArchive(KAFKA_VERSION)
  if (dockerAvailable(KAFKA_VERSION) || existsSync(archive)) return
  const partial = `${archive}.${process.pid}`
  const cluster = await startKafka({ archiveClassesTo: partial })
  await cluster.brokers[0]!.stop()
  await cluster.close()
  if (existsSync(partial)) renameSync(partial, archive)
}
