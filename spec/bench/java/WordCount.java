import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/**
 * Counts the words of a topic, timed from RUNNING to the last counted word. spec/bench/apps/word-count.ts does the same.
 * Configured by the environment: KAFKA_BOOTSTRAP_SERVERS, APPLICATION_ID, STATE_DIR, INPUT_TOPIC, OUTPUT_TOPIC, WORDS,
 * THREADS, GUARANTEE, CACHE_BYTES, COMMIT_MS.
 */
public final class WordCount {
    public static void main(String[] args) throws Exception {
        long words = Long.parseLong(env("WORDS"));
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("KAFKA_BOOTSTRAP_SERVERS"));
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, env("APPLICATION_ID"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, env("STATE_DIR"));
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, env("THREADS"));
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee());
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, env("CACHE_BYTES"));
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, env("COMMIT_MS"));
        config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put("auto.offset.reset", "earliest");

        AtomicLong counted = new AtomicLong();
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(env("INPUT_TOPIC"))
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .selectKey((key, word) -> word)
                .repartition(Repartitioned.with(Serdes.String(), Serdes.String()).withNumberOfPartitions(4))
                .peek((key, word) -> counted.incrementAndGet())
                .groupByKey()
                .count(Materialized.as("counts"))
                .toStream()
                .to(env("OUTPUT_TOPIC"), Produced.with(Serdes.String(), Serdes.Long()));

        AtomicLong running = new AtomicLong();
        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) running.compareAndSet(0, System.nanoTime());
        });
        streams.start();
        while (counted.get() < words) Thread.sleep(5);
        Measured.print(words, (System.nanoTime() - running.get()) / 1e9);
        streams.close();
    }

    private static String guarantee() {
        return env("GUARANTEE").equals("exactly_once") ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE;
    }

    private static String env(String name) {
        return System.getenv(name);
    }
}
