import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Restores a table from its changelog into an empty state directory, timed from the start of the first partition to the
 * end of the last. spec/bench/apps/restore.ts does the same. Configured by the environment: KAFKA_BOOTSTRAP_SERVERS,
 * APPLICATION_ID, STATE_DIR, INPUT_TOPIC, STORE, THREADS.
 */
public final class Restore {
    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("KAFKA_BOOTSTRAP_SERVERS"));
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, env("APPLICATION_ID"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, env("STATE_DIR"));
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, env("THREADS"));

        StreamsBuilder builder = new StreamsBuilder();
        builder.table(
                env("INPUT_TOPIC"),
                Consumed.with(Serdes.String(), Serdes.ByteArray()),
                Materialized.<String, byte[], KeyValueStore<Bytes, byte[]>>as(env("STORE"))
                        .withKeySerde(Serdes.String())
                        .withValueSerde(Serdes.ByteArray()));

        AtomicLong records = new AtomicLong();
        AtomicLong begun = new AtomicLong();
        AtomicLong ended = new AtomicLong();
        CountDownLatch running = new CountDownLatch(1);
        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        streams.setGlobalStateRestoreListener(new StateRestoreListener() {
            @Override
            public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
                begun.compareAndSet(0, System.nanoTime());
            }

            @Override
            public void onBatchRestored(TopicPartition partition, String store, long end, long restored) {
                records.addAndGet(restored);
            }

            @Override
            public void onRestoreEnd(TopicPartition partition, String store, long total) {
                ended.set(System.nanoTime());
            }
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING && records.get() > 0) running.countDown();
        });
        streams.start();
        running.await();
        Measured.print(records.get(), (ended.get() - begun.get()) / 1e9);
        // The next round is of the same application: it must not wait for this member's session to expire.
        streams.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
    }

    private static String env(String name) {
        return System.getenv(name);
    }
}
