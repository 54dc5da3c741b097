import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;

final class TableTableJoin implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        KTable<String, String> left = builder.table(Env.topic("left"), Text.consumed(), Materialized.as("left"));
        KTable<String, String> right = builder.table(Env.topic("right"), Text.consumed(), Materialized.as("right"));
        left.join(
                        right,
                        Text::joined,
                        Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("joined")
                                .withKeySerde(Text.SERDE)
                                .withValueSerde(Text.SERDE))
                .toStream()
                .to(Env.topic("out"), Text.produced());
    }
}
