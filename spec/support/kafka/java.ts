import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Program } from '../process'
import { onProcessEnd } from './watchdog'

const run = promisify(execFile)

/** The Kafka that tests and benchmarks use unless they name another. */
export const KAFKA_VERSION = process.env['MILLRACE_KAFKA_VERSION'] ?? '4.2.0'

const MINIMUM_JAVA = 17

/** A program of the JDK: from `JAVA_HOME` where set, else from the `PATH`. */
export const jdk = (program: 'java' | 'javac'): string => {
  const home = process.env['JAVA_HOME']
  return home ? join(home, 'bin', program) : program
}

let cached: { reason?: string } | undefined

/** Why Java can't run a broker here, or undefined where it can. */
export const whyNoJava = (): string | undefined => {
  cached ??= { reason: probeJava() }
  return cached.reason
}

export const javaAvailable = (): boolean => whyNoJava() === undefined

const probeJava = (): string | undefined => {
  const { status, stderr } = spawnSync(jdk('java'), ['-version'], { encoding: 'utf8' })
  if (status !== 0) return 'no Java found'
  const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0)
  if (major < MINIMUM_JAVA) return `Java ${major} found, ${MINIMUM_JAVA} or newer needed`
  if (existsSync(jarFolder(KAFKA_VERSION))) return undefined
  return spawnSync('mvn', ['-v']).status === 0 ? undefined : 'Java found, but no Maven to fetch Kafka with'
}

const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace')
const jarFolder = (version: string): string => join(cacheFolder(), `kafka-${version}`)

/** Kafka's classes as the JVM of a broker has loaded and verified them, if `archiveClasses` has been called on this machine. */
export const classArchive = (version: string): string => join(jarFolder(version), 'classes.jsa')

/** The class path of Kafka's own jars, fetched once per machine and version. With Kafka Streams and the tools for the default version. */
export const kafkaClasspath = async (version = KAFKA_VERSION): Promise<string> => {
  const folder = jarFolder(version)
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder(), { recursive: true })
    const unlock = await lock(`${folder}.lock`)
    try {
      if (!existsSync(folder)) await download(version, folder)
    } finally {
      unlock()
    }
  }
  return join(folder, '*')
}

const download = async (version: string, folder: string): Promise<void> => {
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(join(partial, 'libs'), { recursive: true })
  copyFileSync(join(__dirname, 'pom.xml'), join(partial, 'pom.xml')) // Maven writes beside the pom
  const args = ['-q', '-B', '-f', join(partial, 'pom.xml'), `-Dkafka.version=${version}`]
  if (version === KAFKA_VERSION) args.push('-Pstreams')
  args.push('dependency:copy-dependencies', `-DoutputDirectory=${join(partial, 'libs')}`)
  try {
    await run('mvn', args, { maxBuffer: 1 << 26 })
  } catch (error) {
    const { stdout = '', message } = error as { stdout?: string; message: string }
    throw new Error(`Maven could not fetch Kafka ${version}: ${stdout.slice(-2_000) || message}`, { cause: error })
  }
  renameSync(join(partial, 'libs'), folder)
  rmSync(partial, { recursive: true, force: true })
}

/** One run downloads, the others wait; a lock whose holder is dead is taken over. */
const lock = async (file: string): Promise<() => void> => {
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    for (;;) {
      try {
        linkSync(mine, file) // atomic, and the file has its holder's id from the first moment
        return () => rmSync(file, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        const holder = holderOf(file)
        if (holder !== undefined && !isAlive(holder)) rmSync(file, { force: true })
        else await sleep(300)
      }
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

const holderOf = (file: string): number | undefined => {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined // released in between
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export interface JavaOptions {
  /** Beside Kafka's own jars. */
  readonly classpath?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly jvmArgs?: readonly string[]
  /** Default 10 minutes. */
  readonly timeoutMs?: number
}

/** Compiles the sources against Kafka's jars, and what else is in `classpath`, into `outputFolder`. */
export const compileJava = async (
  sources: readonly string[],
  outputFolder: string,
  classpath: readonly string[] = [],
): Promise<void> => {
  const cp = joinedClasspath([...classpath, await kafkaClasspath()])
  await run(jdk('javac'), ['-proc:none', '-cp', cp, '-d', outputFolder, ...sources])
}

const joinedClasspath = (entries: readonly string[]): string => entries.join(process.platform === 'win32' ? ';' : ':')

/** Runs a class, or a single source file (`….java`), to its end and returns its standard output. */
export const runJava = async (
  mainClassOrSourceFile: string,
  args: readonly string[] = [],
  { timeoutMs = 600_000, env = {}, ...options }: JavaOptions = {},
): Promise<string> => {
  const running = run(jdk('java'), await javaArgs(mainClassOrSourceFile, args, options), {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const callOff = onProcessEnd('kill -9 "$1"', String(running.child.pid))
  try {
    return (await running).stdout
  } finally {
    callOff()
  }
}

/** Starts a class, or a single source file (`….java`), to be talked to while it runs. */
export const startJava = async (
  mainClassOrSourceFile: string,
  args: readonly string[] = [],
  { env = {}, ...options }: Omit<JavaOptions, 'timeoutMs'> = {},
): Promise<Program> => new Program(jdk('java'), await javaArgs(mainClassOrSourceFile, args, options), { env })

const javaArgs = async (
  mainClassOrSourceFile: string,
  args: readonly string[],
  { classpath = [], jvmArgs = [] }: JavaOptions,
): Promise<string[]> => {
  const cp = joinedClasspath([...classpath, await kafkaClasspath()])
  return ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', ...jvmArgs, '-cp', cp, mainClassOrSourceFile, ...args]
}
