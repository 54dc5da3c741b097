import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

import com.fasterxml.jackson.databind.JsonNode;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.kstream.internals.NamedInternal;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.Stores;

/** Makes a topology of the calls of a program; interpret.ts does the same with millrace. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class Interpreter {
    private final StreamsBuilder builder = new StreamsBuilder();
    private final List<Object> values = new ArrayList<>();
    private final boolean inMemory;
    private JsonNode op;

    Interpreter(final boolean inMemory) {
        this.inMemory = inMemory;
    }

    Topology build(final JsonNode ops, final Properties config) {
        for (final JsonNode next : ops) {
            op = next;
            run();
        }
        return builder.build(config);
    }

    // ------------------------------------------------------------------------------------------ the words of a call

    private boolean has(final String field) {
        return op.has(field);
    }

    private String word(final String field) {
        return op.has(field) ? op.get(field).asText() : null;
    }

    private Duration ms(final JsonNode node) {
        return Duration.ofMillis(node.asLong());
    }

    private KStream<Object, Object> stream() {
        return (KStream) values.get(op.get("on").asInt());
    }

    private KTable<Object, Object> table() {
        return (KTable) values.get(op.get("on").asInt());
    }

    private <T> T with() {
        return (T) values.get(op.get("with").asInt());
    }

    private Named named() {
        return has("name") ? Named.as(word("name")) : NamedInternal.empty();
    }

    static Serde serde(final String kind) {
        if (kind == null) return null;
        final String[] words = kind.split(":");
        switch (words[0]) {
            case "s": return Serdes.String();
            case "l": return Serdes.Long();
            case "tw": return WindowedSerdes.timeWindowedSerdeFrom(String.class, Long.parseLong(words[1]));
            case "sw": return WindowedSerdes.sessionWindowedSerdeFrom(String.class);
            default: throw new IllegalArgumentException(kind);
        }
    }

    private Serde keys() {
        return serde(word("ks"));
    }

    private Serde valuesSerde() {
        return serde(word("vs"));
    }

    private Consumed consumed() {
        final Consumed consumed = Consumed.with(keys(), valuesSerde());
        return has("name") ? consumed.withName(word("name")) : consumed;
    }

    /** The `mat` of a call, or null. */
    private Materialized materialized() {
        final JsonNode mat = op.get("mat");
        if (mat == null) return null;
        Materialized result;
        if (mat.has("versioned")) {
            result = Materialized.as(Stores.persistentVersionedKeyValueStore(mat.get("store").asText(), ms(mat.get("versioned"))));
        } else if (mat.has("store")) {
            result = Materialized.as(mat.get("store").asText());
        } else {
            result = Materialized.with(null, null);
        }
        if (mat.has("ks")) result = result.withKeySerde(serde(mat.get("ks").asText()));
        if (mat.has("vs")) result = result.withValueSerde(serde(mat.get("vs").asText()));
        if (mat.has("type")) {
            result = result.withStoreType(mat.get("type").asText().equals("in-memory")
                ? new BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers()
                : new BuiltInDslStoreSuppliers.RocksDBDslStoreSuppliers());
        }
        if (mat.has("caching")) result = mat.get("caching").asBoolean() ? result.withCachingEnabled() : result.withCachingDisabled();
        if (mat.has("logging")) result = mat.get("logging").asBoolean() ? result.withLoggingEnabled(Map.of()) : result.withLoggingDisabled();
        if (mat.has("retention")) result = result.withRetention(ms(mat.get("retention")));
        return result;
    }

    private ValueJoinerWithKey<Object, Object, Object, Object> joiner() {
        final String f = word("f");
        return (key, left, right) -> Functions.combine(f, key, left, right);
    }

    private ValueJoiner<Object, Object, Object> plainJoiner() {
        final String f = word("f");
        return (left, right) -> Functions.combine(f, null, left, right);
    }

    private Aggregator<Object, Object, Object> aggregator(final String f) {
        return (key, value, aggregate) -> Functions.combine(f, key, aggregate, value);
    }

    private Initializer<Object> initializer() {
        final String init = op.get("init").isNull() ? null : word("init");
        return () -> init;
    }

    private Merger<Object, Object> merger() {
        final String f = word("merge");
        return (key, left, right) -> Functions.combine(f, key, left, right);
    }

    // ------------------------------------------------------------------------------------------ calls

    private void run() {
        final String f = word("f");
        final String kf = word("kf");
        switch (op.get("op").asText()) {
            case "stream": {
                final List<String> topics = new ArrayList<>();
                op.get("topics").forEach(topic -> topics.add(topic.asText()));
                values.add(builder.stream(topics, consumed()));
                break;
            }
            case "table": {
                final Materialized materialized = materialized();
                final String topic = word("topic");
                values.add(materialized == null ? builder.table(topic, consumed()) : builder.table(topic, consumed(), materialized));
                break;
            }
            case "globalTable": {
                final Materialized materialized = materialized();
                final String topic = word("topic");
                values.add(materialized == null ? builder.globalTable(topic, consumed()) : builder.globalTable(topic, consumed(), materialized));
                break;
            }
            case "filter": values.add(stream().filter((k, v) -> Functions.predicate(f, k, v), named())); break;
            case "filterNot": values.add(stream().filterNot((k, v) -> Functions.predicate(f, k, v), named())); break;
            case "map":
                values.add(stream().map((k, v) -> KeyValue.<Object, Object>pair(Functions.map(kf, k, v), Functions.map(f, k, v)), named()));
                break;
            case "mapValues": values.add(stream().mapValues((k, v) -> (Object) Functions.map(f, k, v), named())); break;
            case "flatMap":
                values.add(stream().flatMap((k, v) -> {
                    final List<KeyValue<Object, Object>> result = new ArrayList<>();
                    for (final String part : Functions.flat(f, v)) result.add(KeyValue.pair(Functions.map(kf, k, part), part));
                    return result;
                }, named()));
                break;
            case "flatMapValues": values.add(stream().flatMapValues((k, v) -> (List) Functions.flat(f, v), named())); break;
            case "selectKey": values.add(stream().selectKey((k, v) -> (Object) Functions.map(f, k, v), named())); break;
            case "peek": values.add(stream().peek((k, v) -> { }, named())); break;
            case "merge": values.add(stream().merge(this.<KStream<Object, Object>>with(), named())); break;
            case "split": split(); break;
            case "repartition": {
                Repartitioned repartitioned = Repartitioned.with(keys(), valuesSerde());
                if (has("name")) repartitioned = repartitioned.withName(word("name"));
                values.add(stream().repartition(repartitioned));
                break;
            }
            case "toTable": {
                final Materialized materialized = materialized();
                values.add(materialized == null ? stream().toTable(named()) : stream().toTable(named(), materialized));
                break;
            }
            case "process": {
                final String store = store();
                final String[] stores = store == null ? new String[0] : new String[] {store};
                values.add(has("name")
                    ? stream().process(Processors.processor(f, store), named(), stores)
                    : stream().process(Processors.processor(f, store), stores));
                break;
            }
            case "callStore": {
                final JsonNode storage = op.get("storage");
                builder.addStateStore(StoreCalls.builder(word("store"), storage));
                values.add(has("name")
                    ? stream().process(StoreCalls.caller(storage, op.get("calls"), word("store")), named(), word("store"))
                    : stream().process(StoreCalls.caller(storage, op.get("calls"), word("store")), word("store")));
                break;
            }
            case "processValues": {
                final String store = store();
                final String[] stores = store == null ? new String[0] : new String[] {store};
                values.add(has("name")
                    ? stream().processValues(Processors.fixedKey(f, store), named(), stores)
                    : stream().processValues(Processors.fixedKey(f, store), stores));
                break;
            }
            case "streamJoin": streamJoin(); break;
            case "tableJoin": {
                final Joined joined = Joined.with(keys(), valuesSerde(), null, word("name"), has("grace") ? ms(op.get("grace")) : null);
                final KTable<Object, Object> table = with();
                values.add(word("kind").equals("left")
                    ? stream().leftJoin(table, joiner(), joined)
                    : stream().join(table, joiner(), joined));
                break;
            }
            case "globalJoin": {
                final GlobalKTable<Object, Object> table = with();
                final KeyValueMapper<Object, Object, Object> selector = (k, v) -> Functions.map(kf, k, v);
                values.add(word("kind").equals("left")
                    ? stream().leftJoin(table, selector, joiner(), named())
                    : stream().join(table, selector, joiner(), named()));
                break;
            }
            case "groupByKey": values.add(isGiven() ? stream().groupByKey(grouped()) : stream().groupByKey()); break;
            case "groupBy": {
                final KeyValueMapper<Object, Object, Object> selector = (k, v) -> Functions.map(f, k, v);
                values.add(isGiven() ? stream().groupBy(selector, grouped()) : stream().groupBy(selector));
                break;
            }
            case "count": case "reduce": case "aggregate": aggregate(); break;
            case "cogroup": cogroup(); break;
            case "to": stream().to(word("topic"), produced()); break;
            // ---- tables
            case "tableFilter": case "tableFilterNot": {
                final Predicate<Object, Object> predicate = (k, v) -> Functions.predicate(f, k, v);
                final Materialized materialized = materialized();
                final boolean not = word("op").equals("tableFilterNot");
                if (materialized == null) values.add(not ? table().filterNot(predicate, named()) : table().filter(predicate, named()));
                else values.add(not ? table().filterNot(predicate, named(), materialized) : table().filter(predicate, named(), materialized));
                break;
            }
            case "tableMapValues": {
                final ValueMapperWithKey<Object, Object, Object> mapper = (k, v) -> Functions.map(f, k, v);
                final Materialized materialized = materialized();
                values.add(materialized == null ? table().mapValues(mapper, named()) : table().mapValues(mapper, named(), materialized));
                break;
            }
            case "transformValues": {
                final Materialized materialized = materialized();
                final String store = store();
                final String[] stores = store == null ? new String[0] : new String[] {store};
                values.add(materialized == null
                    ? table().transformValues(Processors.transformer(f, store), named(), stores)
                    : table().transformValues(Processors.transformer(f, store), materialized, named(), stores));
                break;
            }
            case "toStream":
                values.add(has("kf") ? table().toStream((k, v) -> (Object) Functions.map(kf, k, v), named()) : table().toStream(named()));
                break;
            case "tableGroupBy":
                values.add(table().groupBy((k, v) -> KeyValue.<Object, Object>pair(Functions.map(kf, k, v), Functions.map(f, k, v)), grouped()));
                break;
            case "tableTableJoin": {
                final KTable<Object, Object> other = with();
                final Materialized materialized = materialized();
                final ValueJoiner<Object, Object, Object> joiner = plainJoiner();
                switch (word("kind")) {
                    case "inner":
                        values.add(materialized == null ? table().join(other, joiner, named()) : table().join(other, joiner, named(), materialized));
                        break;
                    case "left":
                        values.add(materialized == null ? table().leftJoin(other, joiner, named()) : table().leftJoin(other, joiner, named(), materialized));
                        break;
                    default:
                        values.add(materialized == null ? table().outerJoin(other, joiner, named()) : table().outerJoin(other, joiner, named(), materialized));
                }
                break;
            }
            case "foreignKeyJoin": {
                final KTable<Object, Object> other = with();
                final Materialized materialized = materialized() == null ? Materialized.with(null, null) : materialized();
                final TableJoined joined = TableJoined.as(word("name"));
                final java.util.function.BiFunction<Object, Object, Object> foreignKey = (k, v) -> Functions.map(kf, k, v);
                values.add(word("kind").equals("left")
                    ? table().leftJoin(other, foreignKey, plainJoiner(), joined, materialized)
                    : table().join(other, foreignKey, plainJoiner(), joined, materialized));
                break;
            }
            case "suppress": suppress(); break;
            default: throw new IllegalArgumentException(op.toString());
        }
    }

    /** Adds the store that a processor asks for. */
    private String store() {
        if (has("store")) builder.addStateStore(Processors.store(word("store"), inMemory, has("caching")));
        return word("store");
    }

    /** Java's `Grouped` hides the stream's own serdes, even where it has none. */
    private boolean isGiven() {
        return has("name") || has("ks") || has("vs");
    }

    private Grouped grouped() {
        return Grouped.with(word("name"), keys(), valuesSerde());
    }

    private Produced produced() {
        final Produced produced = Produced.with(keys(), valuesSerde());
        return has("name") ? produced.withName(word("name")) : produced;
    }

    /** Branches are named 1, 2, …: their order is that of the names. */
    private void split() {
        BranchedKStream<Object, Object> split = has("name") ? stream().split(named()) : stream().split();
        for (final JsonNode branch : op.get("branches")) {
            final String f = branch.asText();
            split = split.branch((k, v) -> Functions.predicate(f, k, v));
        }
        values.addAll(new TreeMap<>(has("default") ? split.defaultBranch() : split.noDefaultBranch()).values());
    }

    private void streamJoin() {
        JoinWindows windows = JoinWindows.ofTimeDifferenceAndGrace(ms(op.get("diff")), ms(op.get("grace")));
        if (has("before")) windows = windows.before(ms(op.get("before")));
        if (has("after")) windows = windows.after(ms(op.get("after")));
        StreamJoined joined = StreamJoined.with(keys(), valuesSerde(), serde(word("os")));
        if (has("name")) joined = joined.withName(word("name"));
        if (has("store")) joined = joined.withStoreName(word("store"));
        final KStream<Object, Object> other = with();
        switch (word("kind")) {
            case "inner": values.add(stream().join(other, joiner(), windows, joined)); break;
            case "left": values.add(stream().leftJoin(other, joiner(), windows, joined)); break;
            default: values.add(stream().outerJoin(other, joiner(), windows, joined));
        }
    }

    private void suppress() {
        Suppressed.EagerBufferConfig eager = null;
        if (has("maxRecords")) eager = Suppressed.BufferConfig.maxRecords(op.get("maxRecords").asLong());
        if (has("maxBytes")) {
            final long bytes = op.get("maxBytes").asLong();
            eager = eager == null ? Suppressed.BufferConfig.maxBytes(bytes) : eager.withMaxBytes(bytes);
        }
        Suppressed suppressed;
        if (!has("wait")) suppressed = Suppressed.untilWindowCloses(eager == null ? Suppressed.BufferConfig.unbounded() : eager.shutDownWhenFull());
        else if (eager == null) suppressed = Suppressed.untilTimeLimit(ms(op.get("wait")), Suppressed.BufferConfig.unbounded());
        else if (has("shutDown")) suppressed = Suppressed.untilTimeLimit(ms(op.get("wait")), eager.shutDownWhenFull());
        else suppressed = Suppressed.untilTimeLimit(ms(op.get("wait")), eager);
        if (has("name")) suppressed = suppressed.withName(word("name"));
        values.add(table().suppress(suppressed));
    }

    // ------------------------------------------------------------------------------------------ aggregations

    private Windows<?> timeWindows(final JsonNode win) {
        switch (win.get("type").asText()) {
            case "time": {
                final TimeWindows windows = TimeWindows.ofSizeAndGrace(ms(win.get("size")), ms(win.get("grace")));
                return win.has("advance") ? windows.advanceBy(ms(win.get("advance"))) : windows;
            }
            case "unlimited": return UnlimitedWindows.of().startOn(java.time.Instant.ofEpochMilli(win.get("start").asLong()));
            default: return null;
        }
    }

    private SlidingWindows sliding(final JsonNode win) {
        return SlidingWindows.ofTimeDifferenceAndGrace(ms(win.get("size")), ms(win.get("grace")));
    }

    private SessionWindows session(final JsonNode win) {
        return SessionWindows.ofInactivityGapAndGrace(ms(win.get("size")), ms(win.get("grace")));
    }

    private void aggregate() {
        final Object grouped = values.get(op.get("on").asInt());
        final Materialized mat = materialized();
        if (grouped instanceof KGroupedTable) {
            values.add(ofTable((KGroupedTable) grouped, mat));
            return;
        }
        final KGroupedStream<Object, Object> stream = (KGroupedStream) grouped;
        final JsonNode win = op.get("win");
        if (win == null) {
            values.add(plain(stream, mat));
        } else if (win.get("type").asText().equals("session")) {
            SessionWindowedKStream<Object, Object> windowed = stream.windowedBy(session(win));
            if (has("close")) windowed = windowed.emitStrategy(EmitStrategy.onWindowClose());
            values.add(ofSessions(windowed, mat));
        } else {
            TimeWindowedKStream<Object, Object> windowed = win.get("type").asText().equals("sliding")
                ? stream.windowedBy(sliding(win))
                : stream.windowedBy((Windows) timeWindows(win));
            if (has("close")) windowed = windowed.emitStrategy(EmitStrategy.onWindowClose());
            values.add(ofWindows(windowed, mat));
        }
    }

    private KTable plain(final KGroupedStream stream, final Materialized mat) {
        final String f = word("f");
        final Reducer<Object> reducer = (left, right) -> Functions.combine(f, null, left, right);
        switch (word("op")) {
            case "count": return mat == null ? stream.count(named()) : stream.count(named(), mat);
            case "reduce": return mat == null ? stream.reduce(reducer) : stream.reduce(reducer, named(), mat);
            default: return mat == null
                ? stream.aggregate(initializer(), aggregator(f))
                : stream.aggregate(initializer(), aggregator(f), named(), mat);
        }
    }

    private KTable ofTable(final KGroupedTable table, final Materialized mat) {
        final String f = word("f");
        final String sub = word("sub");
        final Reducer<Object> adder = (left, right) -> Functions.combine(f, null, left, right);
        final Reducer<Object> subtractor = (left, right) -> Functions.combine(sub, null, left, right);
        switch (word("op")) {
            case "count": return mat == null ? table.count(named()) : table.count(named(), mat);
            case "reduce": return mat == null ? table.reduce(adder, subtractor) : table.reduce(adder, subtractor, named(), mat);
            default: return mat == null
                ? table.aggregate(initializer(), aggregator(f), aggregator(sub))
                : table.aggregate(initializer(), aggregator(f), aggregator(sub), named(), mat);
        }
    }

    private KTable ofWindows(final TimeWindowedKStream stream, final Materialized mat) {
        final String f = word("f");
        final Reducer<Object> reducer = (left, right) -> Functions.combine(f, null, left, right);
        switch (word("op")) {
            case "count": return mat == null ? stream.count(named()) : stream.count(named(), mat);
            case "reduce": return mat == null ? stream.reduce(reducer, named()) : stream.reduce(reducer, named(), mat);
            default: return mat == null
                ? stream.aggregate(initializer(), aggregator(f), named())
                : stream.aggregate(initializer(), aggregator(f), named(), mat);
        }
    }

    private KTable ofSessions(final SessionWindowedKStream stream, final Materialized mat) {
        final String f = word("f");
        final Reducer<Object> reducer = (left, right) -> Functions.combine(f, null, left, right);
        switch (word("op")) {
            case "count": return mat == null ? stream.count(named()) : stream.count(named(), mat);
            case "reduce": return mat == null ? stream.reduce(reducer, named()) : stream.reduce(reducer, named(), mat);
            default: return mat == null
                ? stream.aggregate(initializer(), aggregator(f), merger(), named())
                : stream.aggregate(initializer(), aggregator(f), merger(), named(), mat);
        }
    }

    private void cogroup() {
        CogroupedKStream<Object, Object> cogrouped = null;
        for (final JsonNode part : op.get("parts")) {
            final KGroupedStream<Object, Object> grouped = (KGroupedStream) values.get(part.get(0).asInt());
            final Aggregator<Object, Object, Object> aggregator = aggregator(part.get(1).asText());
            cogrouped = cogrouped == null ? grouped.cogroup(aggregator) : cogrouped.cogroup(grouped, aggregator);
        }
        final Materialized mat = materialized();
        final JsonNode win = op.get("win");
        if (win == null) {
            values.add(mat == null ? cogrouped.aggregate(initializer(), named()) : cogrouped.aggregate(initializer(), named(), mat));
        } else if (win.get("type").asText().equals("session")) {
            final SessionWindowedCogroupedKStream windowed = cogrouped.windowedBy(session(win));
            values.add(mat == null
                ? windowed.aggregate(initializer(), merger(), named())
                : windowed.aggregate(initializer(), merger(), named(), mat));
        } else {
            final TimeWindowedCogroupedKStream windowed = win.get("type").asText().equals("sliding")
                ? cogrouped.windowedBy(sliding(win))
                : cogrouped.windowedBy((Windows) timeWindows(win));
            values.add(mat == null ? windowed.aggregate(initializer(), named()) : windowed.aggregate(initializer(), named(), mat));
        }
    }
}
