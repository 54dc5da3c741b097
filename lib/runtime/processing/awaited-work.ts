/** What a task awaits: time stands still either way, but only records say that its inputs are not idle. */
export type AwaitedWork = 'nothing' | 'punctuations' | 'records'
