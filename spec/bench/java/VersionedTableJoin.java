import java.time.Duration;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.Stores;

class VersionedTableJoin implements Workload {
    Joined<String, String, String> joined() {
        return Joined.with(Text.SERDE, Text.SERDE, Text.SERDE);
    }

    @Override
    public void build(StreamsBuilder builder) {
        KTable<String, String> table = builder.table(
                Env.topic("table"),
                Text.consumed(),
                Materialized.<String, String>as(Stores.persistentVersionedKeyValueStore("rows", Duration.ofMinutes(1)))
                        .withKeySerde(Text.SERDE)
                        .withValueSerde(Text.SERDE));
        builder.stream(Env.topic("stream"), Text.consumed())
                .join(table, Text::joined, joined())
                .to(Env.topic("out"), Text.produced());
    }
}
