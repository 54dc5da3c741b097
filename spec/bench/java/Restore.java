import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;

final class Restore implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        builder.table(
                Env.topic("input"),
                Consumed.with(Text.SERDE, Serdes.ByteArray()),
                Materialized.<String, byte[], KeyValueStore<Bytes, byte[]>>as("table")
                        .withKeySerde(Text.SERDE)
                        .withValueSerde(Serdes.ByteArray()));
    }
}
