import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * Runs a workload, the class that the argument names, until standard input ends. spec/bench/app.ts does the same and
 * prints the same: RUNNING, and before it RESTORED where state was restored.
 */
public final class Bench {
    public static void main(String[] args) throws Exception {
        Workload workload = (Workload) Class.forName(args[0]).getDeclaredConstructor().newInstance();
        StreamsBuilder builder = new StreamsBuilder();
        workload.build(builder);
        KafkaStreams streams = new KafkaStreams(builder.build(), config());
        Restoration restoration = new Restoration();
        streams.setGlobalStateRestoreListener(restoration);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) running(restoration);
            if (now == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(1);
        });
        streams.start();
        while (System.in.read() != -1) {}
        streams.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
    }

    private static boolean told;

    private static synchronized void running(Restoration restoration) {
        if (told) return;
        told = true;
        if (restoration.records != 0) System.out.println("RESTORED " + restoration);
        System.out.println("RUNNING");
    }

    private static Properties config() {
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, Env.get("KAFKA_BOOTSTRAP_SERVERS"));
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, Env.get("APPLICATION_ID"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, Env.get("STATE_DIR"));
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, "1");
        config.put("auto.offset.reset", "earliest");
        boolean exactlyOnce = Env.get("GUARANTEE").equals("exactly_once");
        config.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                exactlyOnce ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        put(config, StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "CACHE_BYTES");
        put(config, StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "COMMIT_MS");
        put(config, StreamsConfig.producerPrefix("linger.ms"), "LINGER_MS");
        return config;
    }

    /** Where the variable is not set, the default stays. */
    private static void put(Properties config, String name, String variable) {
        String value = System.getenv(variable);
        if (value != null) config.put(name, value);
    }

    /** How many records, from the first partition's start to the last one's end. */
    private static final class Restoration implements StateRestoreListener {
        private long begun;
        private long ended;
        private volatile long records;

        @Override
        public synchronized void onRestoreStart(TopicPartition partition, String store, long from, long to) {
            if (begun == 0) begun = System.nanoTime();
        }

        @Override
        public void onBatchRestored(TopicPartition partition, String store, long end, long restored) {}

        @Override
        public synchronized void onRestoreEnd(TopicPartition partition, String store, long total) {
            ended = System.nanoTime();
            records += total;
        }

        @Override
        public synchronized String toString() {
            return records + " in " + (ended - begun) / 1e9;
        }
    }
}
