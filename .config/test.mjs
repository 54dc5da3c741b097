// `npm test`: type check and suites. Arguments go to jest: `npm test -- spec/unit/state`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './run.mjs'

/** Jest's projects, with how many of their suites run at once: those of a broker share its cores with it. */
const WORKERS = { unit: '100%', kafka: '2', package: '1' }
/** A run whose results are written and that still lives holds on to a socket, timer or process. */
const EXIT_GRACE_MS = 20_000

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

let passed = 0
let failed = 0
const problems = []
const skipped = new Map()

const fail = (problem) => {
  failed++
  problems.push(problem)
}

const typeCheck = () =>
  new Promise((resolve) => {
    const args = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', '.']
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).once('close', resolve)
  })

const jest = (project) =>
  new Promise((resolve) => {
    const file = join(folder, `${project}.json`)
    const script = join(root, 'node_modules', 'jest', 'bin', 'jest.js')
    // prettier-ignore
    const args = [script, '--selectProjects', project, `--maxWorkers=${WORKERS[project]}`, '--passWithNoTests', '--json', `--outputFile=${file}`]
    const child = spawn(process.execPath, [...args, ...process.argv.slice(2)], {
      cwd: root,
      stdio: ['inherit', 'ignore', 'inherit'],
    })
    let grace
    const watch = setInterval(() => {
      if (grace || !existsSync(file)) return
      grace = setTimeout(() => {
        fail(`${project}: jest did not end by itself: something is still open`)
        child.kill('SIGKILL')
      }, EXIT_GRACE_MS)
    }, 500)
    child.once('close', (code) => {
      clearInterval(watch)
      clearTimeout(grace)
      resolve({ code, results: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined })
    })
  })

const take = (project, { code, results }) => {
  if (!results) {
    // No test matched, or jest fell over before it had results.
    if (code !== 0) fail(`${project}: jest ended with ${code} and without results`)
    return
  }
  const failedBefore = failed
  passed += results.numPassedTests
  for (const suite of results.testResults) {
    const name = relative(root, suite.name)
    if (suite.status === 'failed' && !suite.assertionResults.some(({ status }) => status === 'failed')) {
      fail(`${name}: the suite failed to run`)
    }
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') fail(`${name}: ${test.fullName}`)
      if (test.status === 'pending') {
        const key = `${name}: ${test.ancestorTitles.find((title) => title.includes('[SKIPPED')) ?? test.fullName}`
        skipped.set(key, (skipped.get(key) ?? 0) + 1)
      }
    }
  }
  if (code !== 0 && failed === failedBefore) fail(`${project}: jest ended with ${code}`)
}

const run = async (project) => take(project, await jest(project))

const checked = typeCheck()
await run('unit')
if ((await checked) !== 0) fail('the type check')
// suites with a broker wait most of the time
await Promise.all([run('kafka'), run('package')])

if (skipped.size > 0) {
  console.log(`\n${'!'.repeat(100)}\nSKIPPED, NOT TESTED:`)
  for (const [suite, tests] of skipped) console.log(`  ${suite} (${tests} ${tests === 1 ? 'test' : 'tests'})`)
  console.log('!'.repeat(100))
  if (process.env.CI === 'true') {
    for (const suite of skipped.keys()) if (suite.includes('[SKIPPED')) fail(`skipped in CI: ${suite}`)
  }
}
if (problems.length > 0) console.log(`\nFAILED:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
