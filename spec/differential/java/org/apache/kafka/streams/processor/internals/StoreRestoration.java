package org.apache.kafka.streams.processor.internals;

import java.util.List;
import java.util.OptionalLong;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Feeds a store its changelog as Kafka Streams' own restore does, which the test driver leaves out. */
public final class StoreRestoration {
    public static void restore(final StreamTask task, final String topic, final List<ConsumerRecord<byte[], byte[]>> records) {
        final ProcessorStateManager.StateStoreMetadata store = task.stateMgr.storeMetadata(new TopicPartition(topic, 0));
        if (store != null) task.stateMgr.restore(store, records, OptionalLong.empty());
    }

    private StoreRestoration() { }
}
