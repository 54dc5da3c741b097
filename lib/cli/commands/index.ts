import type { CommandEntry, CommandGroup } from '../command-list'
import type * as Completion from './completion'
import type * as Describe from './describe'
import type * as DlqList from './dlq/list'
import type * as DlqReplay from './dlq/replay'
import type * as DlqShow from './dlq/show'
import type * as GroupsDelete from './groups/delete'
import type * as GroupsDeleteOffsets from './groups/delete-offsets'
import type * as GroupsDescribe from './groups/describe'
import type * as GroupsList from './groups/list'
import type * as GroupsResetOffsets from './groups/reset-offsets'
import type * as Lag from './lag'
import type * as New from './new'
import type * as Plan from './plan'
import type * as Query from './query'
import type * as Reset from './reset'
import type * as StateGet from './state/get'
import type * as StateList from './state/list'
import type * as StateScan from './state/scan'

/* eslint-disable @typescript-eslint/no-require-imports -- a command loads only what it needs, and when it runs */
export const COMMANDS: readonly (CommandEntry | CommandGroup)[] = [
  {
    name: 'new',
    summary: 'Make a new application: TypeScript, a test, a Dockerfile and a compose file, ready to run',
    load: () => (require('./new') as typeof New).newApplication,
  },
  {
    name: 'describe',
    summary: 'Print the topology that a module exports: as text, JSON, a Mermaid chart or an SVG image',
    load: () => (require('./describe') as typeof Describe).describe,
  },
  {
    name: 'plan',
    summary: 'Compare two versions of a topology: what is safe, and what loses state',
    load: () => (require('./plan') as typeof Plan).plan,
  },
  {
    name: 'lag',
    summary: 'Show how far an application is behind, by topic and partition',
    load: () => (require('./lag') as typeof Lag).lag,
  },
  {
    name: 'groups',
    summary: 'Consumer groups: list and describe them, set and delete their offsets, delete them',
    commands: [
      {
        name: 'list',
        summary: 'List the consumer groups of the cluster',
        load: () => (require('./groups/list') as typeof GroupsList).list,
      },
      {
        name: 'describe',
        summary: "Show a group's state, its members with what they have, and its offsets",
        load: () => (require('./groups/describe') as typeof GroupsDescribe).describe,
      },
      {
        name: 'reset-offsets',
        summary: 'Set the offsets of a stopped application: what it reads next',
        load: () => (require('./groups/reset-offsets') as typeof GroupsResetOffsets).resetOffsets,
      },
      {
        name: 'delete-offsets',
        summary: "Delete a group's offsets in some topics",
        load: () => (require('./groups/delete-offsets') as typeof GroupsDeleteOffsets).deleteOffsets,
      },
      {
        name: 'delete',
        summary: 'Delete a group with all of its offsets',
        load: () => (require('./groups/delete') as typeof GroupsDelete).deleteGroup,
      },
    ],
  },
  {
    name: 'reset',
    summary: 'Start an application over: reset its offsets, delete its internal topics and local state',
    load: () => (require('./reset') as typeof Reset).reset,
  },
  {
    name: 'query',
    summary: 'Read a store of a running application through the HTTP handler of one of its instances',
    load: () => (require('./query') as typeof Query).query,
  },
  {
    name: 'dlq',
    summary: 'Dead letter topics: list and show their records, and replay them',
    commands: [
      {
        name: 'list',
        summary: 'List the records of a dead letter topic with what went wrong',
        load: () => (require('./dlq/list') as typeof DlqList).list,
      },
      {
        name: 'show',
        summary: 'Show one record of a dead letter topic whole: key, value, headers, error and stack trace',
        load: () => (require('./dlq/show') as typeof DlqShow).show,
      },
      {
        name: 'replay',
        summary: 'Write the records of a dead letter topic back to the topics that they came from',
        load: () => (require('./dlq/replay') as typeof DlqReplay).replay,
      },
    ],
  },
  {
    name: 'state',
    summary: 'Local state, while no application runs on it: what there is, and what is in its stores',
    usual: 'list',
    commands: [
      {
        name: 'list',
        summary: 'Show what local state a folder has: tasks, stores, entries, sizes and changelog offsets',
        load: () => (require('./state/list') as typeof StateList).list,
      },
      {
        name: 'get',
        summary: 'Read one key of a local key-value store, while no application runs on it',
        load: () => (require('./state/get') as typeof StateGet).get,
      },
      {
        name: 'scan',
        summary: 'Print the entries of a local store in the order of their bytes, while no application runs on it',
        load: () => (require('./state/scan') as typeof StateScan).scan,
      },
    ],
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands and options in the shell',
    load: () => (require('./completion') as typeof Completion).completionOf(COMMANDS),
  },
]
