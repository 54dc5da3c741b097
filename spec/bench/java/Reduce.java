import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;

final class Reduce implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        builder.stream(Env.topic("updates"), Text.consumed())
                .groupByKey()
                .reduce((kept, value) -> value.compareTo(kept) > 0 ? value : kept, Materialized.as("greatest"))
                .toStream()
                .to(Env.topic("out"), Text.produced());
    }
}
