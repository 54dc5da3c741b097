import { StreamsError } from '../../errors'
import type { Admin } from '../../kafka/port'

/** Offsets of a running application are its own: rejects while the group has members. */
export const requireStopped = async (admin: Admin, groupId: string): Promise<void> => {
  const { members } = await admin.describeGroup(groupId)
  if (members.length === 0) return
  const who = members.map(({ memberId, host }) => `${memberId}${host === '' ? '' : ` at ${host}`}`).join(', ')
  throw new StreamsError(
    'ILLEGAL_STATE',
    `group '${groupId}' has ${members.length} live ${members.length === 1 ? 'member' : 'members'} (${who}): stop every instance first. ` +
      'One that has crashed is removed when its session times out',
  )
}
