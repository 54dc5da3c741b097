import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

final class KeepLast implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        builder.stream(Env.topic("numbers"), Consumed.with(Text.SERDE, Serdes.Long()))
                .groupByKey(Grouped.with(Text.SERDE, Serdes.Long()))
                .aggregate(
                        () -> 0L,
                        (key, number, last) -> number,
                        Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("last")
                                .withKeySerde(Text.SERDE)
                                .withValueSerde(Serdes.Long()))
                .toStream()
                .to(Env.topic("out"), Produced.with(Text.SERDE, Serdes.Long()));
    }
}
