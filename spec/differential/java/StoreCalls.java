import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/** The processor that calls methods of its store; what its words mean is said in store-calls.ts. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class StoreCalls {
    private static final Serde<String> TEXT = Serdes.String();
    private static final int CALLS_OF_A_RECORD = 3;
    private static final String DONE = "done";

    // ------------------------------------------------------------------------------------------ the store

    static StoreBuilder<?> builder(final String name, final JsonNode storage) {
        final StoreBuilder<?> builder = uncached(name, storage);
        return storage.has("caching") ? builder.withCachingEnabled() : builder;
    }

    private static StoreBuilder<?> uncached(final String name, final JsonNode storage) {
        final boolean inMemory = storage.has("inMemory");
        final boolean timestamped = storage.has("timestamped");
        final Duration retention = storage.has("retention") ? Duration.ofMillis(storage.get("retention").asLong()) : null;
        switch (storage.get("type").asText()) {
            case "key-value": {
                final KeyValueBytesStoreSupplier supplier = storage.has("maxEntries") ? Stores.lruMap(name, storage.get("maxEntries").asInt())
                    : inMemory ? Stores.inMemoryKeyValueStore(name)
                    : timestamped ? Stores.persistentTimestampedKeyValueStore(name) : Stores.persistentKeyValueStore(name);
                return timestamped ? Stores.timestampedKeyValueStoreBuilder(supplier, TEXT, TEXT) : Stores.keyValueStoreBuilder(supplier, TEXT, TEXT);
            }
            case "window": {
                final Duration size = Duration.ofMillis(storage.get("size").asLong());
                final boolean duplicates = storage.has("duplicates");
                final WindowBytesStoreSupplier supplier = inMemory ? Stores.inMemoryWindowStore(name, retention, size, duplicates)
                    : timestamped ? Stores.persistentTimestampedWindowStore(name, retention, size, duplicates)
                    : Stores.persistentWindowStore(name, retention, size, duplicates);
                return timestamped ? Stores.timestampedWindowStoreBuilder(supplier, TEXT, TEXT) : Stores.windowStoreBuilder(supplier, TEXT, TEXT);
            }
            case "session":
                return Stores.sessionStoreBuilder(
                    inMemory ? Stores.inMemorySessionStore(name, retention) : Stores.persistentSessionStore(name, retention), TEXT, TEXT);
            case "versioned":
                return Stores.versionedKeyValueStoreBuilder(Stores.persistentVersionedKeyValueStore(name, retention), TEXT, TEXT);
            default: throw new IllegalArgumentException(storage.toString());
        }
    }

    // ------------------------------------------------------------------------------------------ its calls

    static ProcessorSupplier<Object, Object, Object, Object> caller(final JsonNode storage, final JsonNode calls, final String name) {
        return () -> new Processor<>() {
            private ProcessorContext<Object, Object> context;
            private int at = 0;

            @Override
            public void init(final ProcessorContext<Object, Object> context) {
                this.context = context;
            }

            @Override
            public void process(final Record<Object, Object> record) {
                final List<String> answers = new ArrayList<>();
                for (int i = 0; i < CALLS_OF_A_RECORD; i++) {
                    final StoreCalls call = new StoreCalls(calls.get(at++ % calls.size()).asText(), record, storage.has("timestamped"));
                    try {
                        answers.add(call.answer(storage.get("type").asText(), context.getStateStore(name)));
                    } catch (final RuntimeException refused) {
                        answers.add("refused");
                    }
                }
                context.forward(record.withValue(String.join(";", answers)));
            }
        };
    }

    private final String[] words;
    private final Record<Object, Object> record;
    private final boolean timestamped;

    private StoreCalls(final String words, final Record<Object, Object> record, final boolean timestamped) {
        this.words = words.split(":");
        this.record = record;
        this.timestamped = timestamped;
    }

    private String answer(final String type, final StateStore store) {
        switch (type) {
            case "key-value": return keyValueAnswer((KeyValueStore) store);
            case "window": return windowAnswer((WindowStore) store);
            case "session": return sessionAnswer((SessionStore) store);
            default: return versionedAnswer((VersionedKeyValueStore) store);
        }
    }

    private String text(final int at, final Object ofRecord) {
        final String word = words[at + 1];
        return word.equals("~") ? null : word.equals("@") ? (String) ofRecord : word;
    }

    private String key(final int at) {
        return text(at, record.key());
    }

    private Object value(final int at) {
        final String value = text(at, record.value());
        return timestamped && value != null ? ValueAndTimestamp.make(value, record.timestamp()) : value;
    }

    private long time(final int at) {
        final String word = words[at + 1];
        return word.equals("min") ? 0 : word.equals("max") ? Long.MAX_VALUE : Math.max(0, record.timestamp() + Long.parseLong(word));
    }

    private Instant instant(final int at) {
        return Instant.ofEpochMilli(time(at));
    }

    private Windowed<String> session(final int key, final int at) {
        return new Windowed<>(key(key), new SessionWindow(time(at), time(at + 1)));
    }

    private boolean isReverse() {
        return words[words.length - 1].equals("r");
    }

    private static String shown(final Object value) {
        if (value instanceof ValueAndTimestamp) return ((ValueAndTimestamp) value).value() + "@" + ((ValueAndTimestamp) value).timestamp();
        if (value instanceof VersionedRecord) return ((VersionedRecord) value).value() + "@" + ((VersionedRecord) value).timestamp();
        return Functions.text(value);
    }

    private static String rows(final KeyValueIterator<?, ?> iterator) {
        return String.join(" ", rowsOf(iterator));
    }

    /** In memory, sessions of one key and end are in another order than on disk; cached ones may come twice. */
    private static String sessions(final KeyValueIterator<?, ?> iterator) {
        return String.join(" ", new TreeSet<>(rowsOf(iterator)));
    }

    private static List<String> rowsOf(final KeyValueIterator<?, ?> iterator) {
        final List<String> all = new ArrayList<>();
        try (iterator) {
            while (iterator.hasNext()) {
                final KeyValue<?, ?> row = iterator.next();
                all.add(Functions.text(row.key) + "=" + shown(row.value));
            }
        }
        return all;
    }

    private String keyValueAnswer(final KeyValueStore<String, Object> store) {
        switch (words[0]) {
            case "put": store.put(key(0), value(1)); return DONE;
            case "putIfAbsent": return shown(store.putIfAbsent(key(0), value(1)));
            case "putAll": store.putAll(List.of(KeyValue.pair(key(0), value(1)), KeyValue.pair(key(2), value(3)))); return DONE;
            case "delete": return shown(store.delete(key(0)));
            case "get": return shown(store.get(key(0)));
            case "range": return rows(isReverse() ? store.reverseRange(key(0), key(1)) : store.range(key(0), key(1)));
            case "all": return rows(isReverse() ? store.reverseAll() : store.all());
            case "prefixScan": return rows(store.prefixScan(key(0), new StringSerializer()));
            default: throw new IllegalArgumentException(words[0]);
        }
    }

    private String windowAnswer(final WindowStore<String, Object> store) {
        switch (words[0]) {
            case "put": store.put(key(0), value(1), time(2)); return DONE;
            case "get": return shown(store.fetch(key(0), time(1)));
            case "fetch": return rows(isReverse()
                ? store.backwardFetch(key(0), instant(1), instant(2)) : store.fetch(key(0), instant(1), instant(2)));
            case "fetchRange": return rows(isReverse()
                ? store.backwardFetch(key(0), key(1), instant(2), instant(3)) : store.fetch(key(0), key(1), instant(2), instant(3)));
            case "fetchAll": return rows(isReverse()
                ? store.backwardFetchAll(instant(0), instant(1)) : store.fetchAll(instant(0), instant(1)));
            case "all": return rows(isReverse() ? store.backwardAll() : store.all());
            default: throw new IllegalArgumentException(words[0]);
        }
    }

    private String sessionAnswer(final SessionStore<String, String> store) {
        switch (words[0]) {
            case "put": store.put(session(0, 2), (String) value(1)); return DONE;
            case "remove": store.remove(session(0, 1)); return DONE;
            case "get": return shown(store.fetchSession(key(0), time(1), time(2)));
            case "fetch": return sessions(store.fetch(key(0)));
            case "fetchRange": return sessions(store.fetch(key(0), key(1)));
            case "find": return sessions(store.findSessions(key(0), time(1), time(2)));
            case "findRange": return sessions(store.findSessions(key(0), key(1), time(2), time(3)));
            default: throw new IllegalArgumentException(words[0]);
        }
    }

    private String versionedAnswer(final VersionedKeyValueStore<String, String> store) {
        switch (words[0]) {
            case "put": {
                final long validTo = store.put(key(0), (String) value(1), time(2));
                return validTo == VersionedKeyValueStore.PUT_RETURN_CODE_NOT_PUT ? "dropped"
                    : validTo == VersionedKeyValueStore.PUT_RETURN_CODE_VALID_TO_UNDEFINED ? "latest" : String.valueOf(validTo);
            }
            case "delete": return shown(store.delete(key(0), time(1)));
            case "get": return shown(store.get(key(0)));
            case "getAsOf": return shown(store.get(key(0), time(1)));
            default: throw new IllegalArgumentException(words[0]);
        }
    }
}
