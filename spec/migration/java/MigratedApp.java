import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The application that moves between Java and millrace; spec/migration/app.ts is the same one. Configured by the
 * environment: KAFKA_BOOTSTRAP_SERVERS, APPLICATION_ID, STATE_DIR, INPUTS (prefix of the input topics), GUARANTEE, CACHE_BYTES.
 * Says "running" when it is, and closes cleanly when its standard input ends.
 */
public final class MigratedApp {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<Long> LONG = Serdes.Long();

    public static void main(String[] args) throws Exception {
        KafkaStreams streams = new KafkaStreams(topology(env("INPUTS"), env("APPLICATION_ID")), config());
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) System.out.println("running");
        });
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace(System.out);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        while (System.in.read() >= 0) { }
        boolean closed = streams.close(Duration.ofSeconds(30));
        System.out.println(closed ? "closed" : "not closed in time");
    }

    private static org.apache.kafka.streams.Topology topology(String inputs, String outputs) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> events = builder.stream(inputs + "-events", Consumed.with(TEXT, TEXT));

        KTable<String, Long> counts = events
                .groupBy((key, value) -> key.substring(0, 1), Grouped.with("by-letter", TEXT, TEXT))
                .count(Materialized.as("counts"));
        counts.toStream().to(outputs + "-counts", Produced.with(TEXT, LONG));
        counts.suppress(Suppressed.untilTimeLimit(Duration.ofSeconds(4), BufferConfig.unbounded()).withName("limit"))
                .toStream().to(outputs + "-limited", Produced.with(TEXT, LONG));

        Serde<Windowed<String>> timeWindowed = WindowedSerdes.timeWindowedSerdeFrom(String.class, 10_000);
        KTable<Windowed<String>, Long> perWindow = events
                .groupByKey()
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofSeconds(5)))
                .count(Materialized.as("per-window"));
        perWindow.toStream().to(outputs + "-windowed", Produced.with(timeWindowed, LONG));
        perWindow.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("final"))
                .toStream().to(outputs + "-final", Produced.with(timeWindowed, LONG));

        events.groupByKey()
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofSeconds(3), Duration.ofSeconds(5)))
                .count(Materialized.as("sessions"))
                .toStream().to(outputs + "-sessions", Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), LONG));

        builder.stream(inputs + "-clicks", Consumed.with(TEXT, TEXT))
                .leftJoin(builder.stream(inputs + "-views", Consumed.with(TEXT, TEXT)), MigratedApp::both,
                        JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(5), Duration.ofSeconds(10)),
                        StreamJoined.with(TEXT, TEXT, TEXT).withName("click-view").withStoreName("click-view"))
                .to(outputs + "-joined", Produced.with(TEXT, TEXT));

        KTable<String, String> customers = builder.table(inputs + "-customers", Consumed.with(TEXT, TEXT), store("customers"));
        KTable<String, String> addresses = builder.table(inputs + "-addresses", Consumed.with(TEXT, TEXT), store("addresses"));
        customers.outerJoin(addresses, MigratedApp::both, store("customer-address"))
                .toStream().to(outputs + "-merged", Produced.with(TEXT, TEXT));
        customers.groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value), Grouped.with("by-city", TEXT, TEXT))
                .count(Materialized.as("per-city"))
                .toStream().to(outputs + "-cities", Produced.with(TEXT, LONG));

        KTable<String, String> orders = builder.table(inputs + "-orders", Consumed.with(TEXT, TEXT), store("orders"));
        KTable<String, String> products = builder.table(inputs + "-products", Consumed.with(TEXT, TEXT), store("products"));
        orders.leftJoin(products, MigratedApp::product, MigratedApp::both, TableJoined.as("order-product"), store("order-products"))
                .toStream().to(outputs + "-named-orders", Produced.with(TEXT, TEXT));
        return builder.build();
    }

    /** "product;quantity", where the product may be left out. */
    private static String product(String order) {
        int end = order.indexOf(';');
        return end == 0 ? null : order.substring(0, end);
    }

    private static String both(String left, String right) {
        return left + "+" + right;
    }

    private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> store(String name) {
        return Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as(name).withKeySerde(TEXT).withValueSerde(TEXT);
    }

    private static Properties config() {
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("KAFKA_BOOTSTRAP_SERVERS"));
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, env("APPLICATION_ID"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, env("STATE_DIR"));
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                env("GUARANTEE").equals("exactly_once") ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, env("CACHE_BYTES"));
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        // unmatched clicks come out by event time alone
        config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
        // Kafka Streams leaves its group by letting its session time out
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6_000);
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 1_000);
        config.put(StreamsConfig.producerPrefix("linger.ms"), 5);
        return config;
    }

    private static String env(String name) {
        return System.getenv(name);
    }
}
