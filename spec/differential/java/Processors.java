import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;

import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.ValueTransformerWithKey;
import org.apache.kafka.streams.kstream.ValueTransformerWithKeySupplier;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The processors that programs name; processors.ts has the same. */
final class Processors {
    static StoreBuilder<?> store(final String name, final boolean inMemory, final boolean caching) {
        final StoreBuilder<KeyValueStore<String, String>> builder = Stores.keyValueStoreBuilder(
            inMemory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name), Serdes.String(), Serdes.String());
        return caching ? builder.withCachingEnabled() : builder;
    }

    /** How often the key was seen, kept in the store. */
    private static String seen(final KeyValueStore<String, String> store, final Object key) {
        final String before = store.get(Functions.text(key));
        final String times = String.valueOf(before == null ? 1 : Integer.parseInt(before) + 1);
        store.put(Functions.text(key), times.equals("4") ? null : times);
        return times;
    }

    /**
     * `ticks:<interval>:<clock>` and, optionally, what a tick does besides forwarding, and where the schedule starts (`-`: by
     * default). With these, values of records say when it is cancelled and scheduled again.
     */
    private static final class Ticks {
        private final String spec;
        private final String[] words;
        private final String act;
        private final ProcessorContext<Object, Object> context;
        private final KeyValueStore<String, String> store;
        private final ArrayDeque<Cancellable> schedules = new ArrayDeque<>();
        private int ticks = 0;
        private int records = 0;

        Ticks(final String spec, final ProcessorContext<Object, Object> context, final KeyValueStore<String, String> store) {
            this.spec = spec;
            this.words = Functions.words(spec);
            this.act = words.length > 3 ? words[3] : null;
            this.context = context;
            this.store = store;
            schedule(Long.parseLong(words[1]));
        }

        void arrived(final String value) {
            records++;
            if (act == null) return;
            switch (Functions.hash(value) % 5) {
                case 0: cancel(); break;
                case 1: schedule(Long.parseLong(words[1])); break;
                case 2: context.commit(); break;
                default: break;
            }
        }

        private void cancel() {
            if (!schedules.isEmpty()) schedules.removeLast().cancel();
        }

        private void schedule(final long interval) {
            final PunctuationType type = words[2].equals("wall") ? PunctuationType.WALL_CLOCK_TIME : PunctuationType.STREAM_TIME;
            final Duration every = Duration.ofMillis(interval);
            schedules.addLast(words.length > 4 && !words[4].equals("-")
                ? context.schedule(Instant.ofEpochMilli(Long.parseLong(words[4])), every, type, this::tick)
                : context.schedule(every, type, this::tick));
        }

        private void tick(final long time) {
            ticks++;
            if ("twice".equals(act) && ticks == 2) cancel();
            if ("again".equals(act) && ticks == 1) schedule(7);
            if ("put".equals(act) && store != null) store.put("tick", String.valueOf(ticks));
            final long at = "past".equals(act) ? Math.max(0, time - 20) : time;
            final String clock = act == null ? "" : "/" + context.currentSystemTimeMs();
            context.forward(new Record<>("tick", records + "@" + time + "/" + context.currentStreamTimeMs() + clock, at));
            Functions.refuse(spec, String.valueOf(time));
        }
    }

    static ProcessorSupplier<Object, Object, Object, Object> processor(final String spec, final String storeName) {
        return () -> new Processor<>() {
            private final String[] words = Functions.words(spec);
            private ProcessorContext<Object, Object> context;
            private KeyValueStore<String, String> store;
            private Ticks ticks;
            private int records = 0;

            @Override
            public void init(final ProcessorContext<Object, Object> context) {
                this.context = context;
                if (storeName != null) store = context.getStateStore(storeName);
                if (words[0].equals("ticks")) ticks = new Ticks(spec, context, store);
            }

            @Override
            public void process(final Record<Object, Object> record) {
                records++;
                if (ticks != null) {
                    ticks.arrived(Functions.text(record.value()));
                    context.forward(record);
                    return;
                }
                Functions.refuse(spec, Functions.text(record.value()));
                switch (words[0]) {
                    case "count":
                        context.forward(record.withValue(Functions.clip(Functions.text(record.value()) + "#" + seen(store, record.key()))));
                        break;
                    case "shift":
                        context.forward(record.withTimestamp(record.timestamp() + Long.parseLong(words[1])));
                        break;
                    case "header":
                        context.forward(record.withHeaders(new RecordHeaders(record.headers()).add(words[1], new byte[] {(byte) (records & 0x7f)})));
                        break;
                    case "meta":
                        context.forward(record.withValue(Functions.clip(
                            context.recordMetadata().map(meta -> meta.topic() + meta.offset()).orElse("none") + "/" + context.currentStreamTimeMs())));
                        break;
                    default: throw new IllegalArgumentException(spec);
                }
            }
        };
    }

    static FixedKeyProcessorSupplier<Object, Object, Object> fixedKey(final String spec, final String storeName) {
        return () -> new FixedKeyProcessor<>() {
            private final String[] words = Functions.words(spec);
            private FixedKeyProcessorContext<Object, Object> context;
            private KeyValueStore<String, String> store;

            @Override
            public void init(final FixedKeyProcessorContext<Object, Object> context) {
                this.context = context;
                if (storeName != null) store = context.getStateStore(storeName);
            }

            @Override
            public void process(final FixedKeyRecord<Object, Object> record) {
                Functions.refuse(spec, Functions.text(record.value()));
                final String tag = words[0].equals("count") ? "#" + seen(store, record.key()) : "@" + record.timestamp();
                context.forward(record.withValue(Functions.clip(Functions.text(record.value()) + tag)));
            }
        };
    }

    static ValueTransformerWithKeySupplier<Object, Object, Object> transformer(final String spec, final String storeName) {
        return () -> new ValueTransformerWithKey<>() {
            private final String[] words = Functions.words(spec);
            private org.apache.kafka.streams.processor.ProcessorContext context;
            private KeyValueStore<String, String> store;

            @Override
            public void init(final org.apache.kafka.streams.processor.ProcessorContext context) {
                this.context = context;
                if (storeName != null) store = context.getStateStore(storeName);
            }

            @Override
            public Object transform(final Object key, final Object value) {
                if (words[0].equals("count") || words[0].equals("ts")) Functions.refuse(spec, Functions.text(value));
                if (words[0].equals("count")) return Functions.clip(Functions.text(value) + "#" + seen(store, key));
                if (words[0].equals("ts")) return value == null ? null : Functions.clip(Functions.text(value) + "@" + context.timestamp());
                return Functions.map(spec, key, value);
            }

            @Override
            public void close() { }
        };
    }

    private Processors() { }
}
