import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.RestorableDriver;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.query.MultiVersionedKeyQuery;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.ResultOrder;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.VersionedRecordIterator;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Runs programs in Java's test driver: one a line on standard input, its result as one line on standard output. What the
 * fields mean is said in program.ts.
 */
public final class Differential {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String APPLICATION = "app";

    private final JsonNode program;
    private final String stateDir;
    private final ObjectNode result = JSON.createObjectNode();
    private final Map<String, ArrayNode> records = new TreeMap<>();
    /** What a restart finds in the changelogs; of source topics too, which may be changelogs. */
    private final Map<String, List<ConsumerRecord<byte[], byte[]>>> logged = new LinkedHashMap<>();
    private final TreeSet<String> keys = new TreeSet<>();

    private Differential(final JsonNode program, final String stateDir) {
        this.program = program;
        this.stateDir = stateDir;
    }

    public static void main(final String[] args) throws Exception {
        final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int programs = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            // a driver that fails leaves its stores open
            final File stateDir = new File(args[0], String.valueOf(programs++));
            out.println(new Differential(JSON.readTree(line), stateDir.getPath()).run());
            out.flush();
            Utils.delete(stateDir);
        }
    }

    private ObjectNode run() {
        final Properties config = config();
        final Topology topology;
        RestorableDriver driver;
        try {
            topology = topology(config);
            result.put("describe", topology.describe().toString());
            driver = new RestorableDriver(topology, config, Instant.ofEpochMilli(program.get("start").asLong()));
        } catch (final Exception error) {
            result.removeAll();
            return result.put("refused", messages(error));
        }
        final JsonNode inputs = program.get("inputs");
        final int restart = program.has("restartAt") ? program.get("restartAt").asInt() : -1;
        long wallClock = program.get("start").asLong();
        try {
            for (int i = 0; i < inputs.size(); i++) {
                final JsonNode input = inputs.get(i);
                if (i == restart) {
                    driver.close();
                    driver = new RestorableDriver(topology(config), config, Instant.ofEpochMilli(wallClock));
                    driver.restore(compacted());
                    for (int before = 0; before < i; before++) if (isGlobal(inputs.get(before))) pipe(driver, inputs.get(before));
                    collect(driver, i);
                }
                try {
                    if (input.isNumber()) {
                        driver.advanceWallClockTime(Duration.ofMillis(input.asLong()));
                        wallClock += input.asLong();
                    } else {
                        pipe(driver, input);
                        log(input.get(0).asText(), bytes(input.get(1)), bytes(input.get(2)), input.get(3).asLong());
                    }
                } catch (final Exception error) {
                    result.putObject("failed").put("at", i).put("message", messages(error));
                    break;
                }
                collect(driver, i);
            }
            result.set("records", JSON.valueToTree(records));
            if (!result.has("failed")) {
                result.set("stores", stores(driver));
                result.put("dropped", dropped(driver));
            }
        } finally {
            try {
                driver.close();
            } catch (final Exception afterFailure) {
                // told already, by the input that failed
            }
        }
        return result;
    }

    private Properties config() {
        final JsonNode config = program.get("config");
        final Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, stateDir);
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, config.get("cache").asLong());
        properties.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, config.get("optimization").asText());
        if (config.get("inMemory").asBoolean()) {
            properties.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
        }
        if (config.has("deadLetters")) {
            properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueProcessingExceptionHandler.class);
            properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, "dlq");
        }
        return properties;
    }

    private Topology topology(final Properties config) {
        return new Interpreter(program.get("config").get("inMemory").asBoolean()).build(program.get("ops"), config);
    }

    private boolean isGlobal(final JsonNode input) {
        if (input.isNumber()) return false;
        for (final JsonNode op : program.get("ops")) {
            if (op.get("op").asText().equals("globalTable") && op.get("topic").asText().equals(input.get(0).asText())) return true;
        }
        return false;
    }

    private void pipe(final RestorableDriver driver, final JsonNode input) {
        final String topic = input.get(0).asText();
        final TestInputTopic<byte[], byte[]> inputTopic = driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer());
        final Headers headers = new RecordHeaders();
        if (input.size() > 4) headers.add("h", bytes(input.get(4)));
        if (!input.get(1).isNull()) keys.add(input.get(1).asText());
        inputTopic.pipeInput(new TestRecord<>(bytes(input.get(1)), bytes(input.get(2)), headers, input.get(3).asLong()));
    }

    private static byte[] bytes(final JsonNode text) {
        return text.isNull() ? null : text.asText().getBytes(StandardCharsets.UTF_8);
    }

    private void log(final String topic, final byte[] key, final byte[] value, final long timestamp) {
        if (key == null) return;
        final List<ConsumerRecord<byte[], byte[]>> records = logged.computeIfAbsent(topic, name -> new ArrayList<>());
        records.add(new ConsumerRecord<>(topic, 0, records.size(), timestamp, TimestampType.CREATE_TIME, 0, 0, key, value, new RecordHeaders(), Optional.empty()));
    }

    /**
     * A suppression's buffer that is restored gives a key the place of its first record in the log, though it may have been
     * emitted since: the result depends on whether the topic has been compacted. Here it has.
     */
    private Map<String, List<ConsumerRecord<byte[], byte[]>>> compacted() {
        final Map<String, List<ConsumerRecord<byte[], byte[]>>> result = new LinkedHashMap<>(logged);
        result.replaceAll((topic, log) -> {
            if (log.stream().noneMatch(record -> record.headers().lastHeader("v") != null)) return log;
            final Map<ByteBuffer, ConsumerRecord<byte[], byte[]>> last = new LinkedHashMap<>();
            for (final ConsumerRecord<byte[], byte[]> record : log) {
                last.remove(ByteBuffer.wrap(record.key()));
                last.put(ByteBuffer.wrap(record.key()), record);
            }
            return new ArrayList<>(last.values());
        });
        return result;
    }

    private void collect(final RestorableDriver driver, final int after) {
        for (final String topic : driver.producedTopicNames()) {
            for (ProducerRecord<byte[], byte[]> record = driver.read(topic); record != null; record = driver.read(topic)) {
                final ArrayNode row = records.computeIfAbsent(topic, name -> JSON.createArrayNode()).addArray();
                row.add(after).add(readable(record.key())).add(readable(record.value())).add(record.timestamp()).add(record.partition());
                for (final Header header : record.headers()) row.add(header.key()).add(readable(header.value()));
                if (record.key() == null) continue;
                keys.add(new String(record.key(), StandardCharsets.UTF_8));
                final List<ConsumerRecord<byte[], byte[]>> log = logged.computeIfAbsent(topic, name -> new ArrayList<>());
                final long timestamp = record.timestamp() == null ? 0 : record.timestamp();
                log.add(new ConsumerRecord<>(topic, 0, log.size(), timestamp, TimestampType.CREATE_TIME, 0, 0, record.key(), record.value(), record.headers(), Optional.empty()));
            }
        }
    }

    /** Printable text as it is, other bytes as `~` and base64. */
    private static String readable(final byte[] bytes) {
        if (bytes == null) return null;
        boolean printable = bytes.length == 0 || bytes[0] != '~';
        for (final byte b : bytes) printable &= b >= 32 && b < 127;
        return printable ? new String(bytes, StandardCharsets.US_ASCII) : "~" + Base64.getEncoder().encodeToString(bytes);
    }

    private ObjectNode stores(final RestorableDriver driver) {
        final ObjectNode result = JSON.createObjectNode();
        for (final String name : new TreeSet<>(driver.getAllStateStores().keySet())) {
            final StateStore store = driver.getAllStateStores().get(name);
            try {
                final ArrayNode rows = rows(store);
                if (rows != null) result.set(name, rows);
            } catch (final UnsupportedOperationException | IllegalArgumentException unreadable) {
                // Java can't iterate sessions that are ordered by time, nor windows of no size
            }
        }
        return result;
    }

    /** Null for buffers, which can't be read. */
    @SuppressWarnings("unchecked")
    private ArrayNode rows(final StateStore store) {
        if (store instanceof VersionedKeyValueStore) return versions(store);
        final KeyValueIterator<Object, Object> iterator;
        if (store instanceof WindowStore) iterator = (KeyValueIterator) ((WindowStore<Object, Object>) store).all();
        else if (store instanceof SessionStore) iterator = (KeyValueIterator) ((SessionStore<Object, Object>) store).fetch(null, null);
        else if (store instanceof KeyValueStore) iterator = ((KeyValueStore<Object, Object>) store).all();
        else return null;
        final ArrayNode rows = JSON.createArrayNode();
        try (iterator) {
            while (iterator.hasNext()) {
                final KeyValue<Object, Object> entry = iterator.next();
                // subscriptions and records that wait for a join: their changelogs tell as much
                if (!(entry.key instanceof String || entry.key instanceof org.apache.kafka.streams.kstream.Windowed)) return null;
                final ArrayNode row = rows.addArray().add(Functions.text(entry.key));
                if (entry.value instanceof ValueAndTimestamp) {
                    final ValueAndTimestamp<Object> value = (ValueAndTimestamp<Object>) entry.value;
                    row.add(Functions.text(value.value())).add(value.timestamp());
                } else {
                    row.add(Functions.text(entry.value));
                }
            }
        }
        return rows;
    }

    private ArrayNode versions(final StateStore store) {
        final ArrayNode rows = JSON.createArrayNode();
        for (final String key : keys) {
            final QueryResult<VersionedRecordIterator<Object>> found = store.query(
                MultiVersionedKeyQuery.<Object, Object>withKey(key).withDescendingTimestamps(), PositionBound.unbounded(), new QueryConfig(false));
            try (VersionedRecordIterator<Object> iterator = found.getResult()) {
                while (iterator.hasNext()) {
                    final VersionedRecord<Object> version = iterator.next();
                    rows.addArray().add(key).add(Functions.text(version.value())).add(version.timestamp()).add(version.validTo().orElse(-1L));
                }
            }
        }
        return rows;
    }

    private static long dropped(final RestorableDriver driver) {
        return driver.metrics().entrySet().stream()
            .filter(metric -> metric.getKey().name().equals("dropped-records-total"))
            .mapToLong(metric -> ((Number) metric.getValue().metricValue()).longValue())
            .sum();
    }

    private static String messages(final Throwable error) {
        final StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : "; ").append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
        }
        return text.length() > 600 ? text.substring(0, 600) : text.toString();
    }
}
