import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;

final class StreamTableJoin implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        KTable<String, String> table = builder.table(Env.topic("table"), Text.consumed(), Materialized.as("rows"));
        builder.stream(Env.topic("stream"), Text.consumed())
                .join(table, Text::joined, Joined.with(Text.SERDE, Text.SERDE, Text.SERDE))
                .to(Env.topic("out"), Text.produced());
    }
}
