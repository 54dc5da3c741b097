import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

final class Cogroup implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        KGroupedStream<String, String> purchases =
                builder.stream(Env.topic("purchases"), Text.consumed()).groupByKey();
        builder.stream(Env.topic("visits"), Text.consumed())
                .groupByKey()
                .<Long>cogroup((user, visit, sum) -> sum + 1)
                .cogroup(purchases, (user, purchase, sum) -> sum + 1000)
                .aggregate(
                        () -> 0L,
                        Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("sums")
                                .withKeySerde(Text.SERDE)
                                .withValueSerde(Serdes.Long()))
                .toStream()
                .to(Env.topic("out"), Produced.with(Text.SERDE, Serdes.Long()));
    }
}
