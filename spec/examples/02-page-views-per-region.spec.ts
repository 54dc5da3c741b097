import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import {
  type PageView,
  pageViewsPerRegion,
  type RegionViews,
  type User,
} from '../../examples/02-page-views-per-region/topology'

const at = (time: string): Date => new Date(`2026-03-01T${time}Z`)
const hour = (time: string): string => at(time).toISOString()

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(pageViewsPerRegion())
})
afterEach(() => driver.close())

const topics = () => ({
  users: driver.inputTopic('users', { key: serdes.string(), value: serdes.json<User>() }),
  views: driver.inputTopic('page-views', { key: serdes.string(), value: serdes.json<PageView>() }),
  output: driver.outputTopic('page-views-per-region', { key: serdes.string(), value: serdes.json<RegionViews>() }),
})

test('02-page-views-per-region counts by the region that the viewer has at the time', async () => {
  const { users, views, output } = topics()
  await users.pipe('ann', { name: 'Ann', region: 'europe' }, at('09:00:00'))
  await users.pipe('bo', { name: 'Bo', region: 'asia' }, at('09:00:00'))
  await views.pipe('ann', { page: '/' }, at('10:00:00'))
  await views.pipe('bo', { page: '/' }, at('10:10:00'))
  await views.pipe('ann', { page: '/cart' }, at('10:59:59'))
  await users.pipe('ann', { name: 'Ann', region: 'asia' }, at('10:59:59'))
  await views.pipe('ann', { page: '/' }, at('11:00:00'))
  expect(output.readKeyValues()).toEqual([
    ['europe', { region: 'europe', hour: hour('10:00:00'), views: 1 }],
    ['asia', { region: 'asia', hour: hour('10:00:00'), views: 1 }],
    ['europe', { region: 'europe', hour: hour('10:00:00'), views: 2 }],
    ['asia', { region: 'asia', hour: hour('11:00:00'), views: 1 }],
  ])
})

test('02-page-views-per-region counts users it does not know, and views that come ten minutes late', async () => {
  const { views, output } = topics()
  await views.pipe('stranger', { page: '/' }, at('11:09:59'))
  await views.pipe('stranger', { page: '/' }, at('10:59:59'))
  await views.pipe('stranger', { page: '/' }, at('11:10:00'))
  await views.pipe('stranger', { page: '/' }, at('10:59:59'))
  expect(output.readValues()).toEqual([
    { region: 'unknown', hour: hour('11:00:00'), views: 1 },
    { region: 'unknown', hour: hour('10:00:00'), views: 1 },
    { region: 'unknown', hour: hour('11:00:00'), views: 2 },
  ])
})
