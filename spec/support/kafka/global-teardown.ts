import { shared } from './global-setup'

const closeSharedKafka = async (): Promise<void> => {
  await shared.cluster?.close()
}

export default closeSharedKafka
