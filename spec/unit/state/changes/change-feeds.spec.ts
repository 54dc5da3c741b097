import { ChangeFeeds, type ChangeListener, TaskChanges } from '../../../../lib/state/changes/change-feeds'

describe('the changes of the stores of a task', () => {
  const setUp = () => {
    const told: string[] = []
    const listener: ChangeListener = {
      changed: (_partition, entries) => told.push(...entries.map(({ key }) => key.toString())),
      gap: (_partition, reason) => told.push(reason),
    }
    const feeds = new ChangeFeeds()
    const changes = new TaskChanges(feeds, 0, ['counts'])
    changes.start()
    const write = (key: string): void => {
      const log = changes.log('counts')!
      if (log.active) log.add(Buffer.from(key), 0, 0, Buffer.from('v'), 1)
    }
    const listen = (): (() => void) => feeds.of('counts').listen(listener)
    return { told, changes, write, listen }
  }

  it('are told when they are committed', () => {
    const { told, changes, write, listen } = setUp()
    listen()
    write('a')
    changes.seal()
    write('b')
    const publish = changes.take()
    expect(told).toEqual([])
    publish()
    expect(told).toEqual(['started', 'a'])
  })

  it('have a gap where a listener comes after writes were sealed, and before they are committed', () => {
    const { told, changes, write, listen } = setUp()
    write('a')
    changes.seal()
    listen()
    changes.take()()
    expect(told).toEqual(['started'])
  })

  it('have a gap where a listener comes while writes are being committed', () => {
    const { told, changes, write, listen } = setUp()
    write('a')
    changes.seal()
    const publish = changes.take()
    listen()
    publish()
    expect(told).toEqual(['started'])
  })

  it('have a gap where one listener replaces another while writes are being committed', () => {
    const { told, changes, write, listen } = setUp()
    const end = listen()
    write('a')
    changes.seal()
    const publish = changes.take()
    end()
    write('b')
    listen()
    publish()
    expect(told).toEqual(['started'])
  })

  it('are not told behind the end of the task', () => {
    const { told, changes, write, listen } = setUp()
    listen()
    write('a')
    changes.seal()
    const publish = changes.take()
    changes.stop()
    publish()
    expect(told).toEqual(['stopped'])
  })
})
