import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;

final class ForeignKeyJoin implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        KTable<String, String> orders = builder.table(Env.topic("orders"), Text.consumed(), Materialized.as("orders"));
        KTable<String, String> customers =
                builder.table(Env.topic("customers"), Text.consumed(), Materialized.as("customers"));
        orders.join(
                        customers,
                        order -> order.substring(0, order.indexOf('|')),
                        Text::joined,
                        Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("joined")
                                .withKeySerde(Text.SERDE)
                                .withValueSerde(Text.SERDE))
                .toStream()
                .to(Env.topic("out"), Text.produced());
    }
}
