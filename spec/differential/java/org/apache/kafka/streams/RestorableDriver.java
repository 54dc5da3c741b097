package org.apache.kafka.streams;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.streams.processor.internals.StoreRestoration;

/** The test driver with what it keeps to its own package: raw outputs, and a start from changelogs. */
public final class RestorableDriver extends TopologyTestDriver {
    public RestorableDriver(final Topology topology, final Properties config, final Instant wallClock) {
        super(topology, config, wallClock);
    }

    public ProducerRecord<byte[], byte[]> read(final String topic) {
        return readRecord(topic);
    }

    public void restore(final Map<String, List<ConsumerRecord<byte[], byte[]>>> changelogs) {
        if (task != null) changelogs.forEach((topic, records) -> StoreRestoration.restore(task, topic, records));
    }
}
