import { serdes, StreamsBuilder, TimeWindows, type Topology } from 'millrace'

/** In `page-views`, by the id of the user who looked at the page. */
export interface PageView {
  page: string
}

/** In `users`, by id. */
export interface User {
  name: string
  region: string
}

/** In `page-views-per-region`, by region: the views of one hour so far. */
export interface RegionViews {
  region: string
  /** The beginning of the hour. */
  hour: string
  views: number
}

/** Looks up each viewer's region, and counts the views of each region and hour. */
export function pageViewsPerRegion(): Topology {
  const builder = new StreamsBuilder()
  const users = builder.table('users', { key: serdes.string(), value: serdes.json<User>() })
  builder
    .stream('page-views', { key: serdes.string(), value: serdes.json<PageView>() })
    .leftJoin(users, (_view, user) => user?.region ?? 'unknown')
    .groupBy((region) => region, { name: 'by-region', key: serdes.string(), value: serdes.string() })
    .windowedBy(TimeWindows.of({ size: '1h', grace: '10m' }))
    .count('views-per-region')
    .toStream()
    .filter((views) => views !== null)
    .map<string, RegionViews>((views, { key: region, window }) => [
      region,
      { region, hour: new Date(window.start).toISOString(), views },
    ])
    .to('page-views-per-region', { key: serdes.string(), value: serdes.json<RegionViews>() })
  return builder.build()
}
