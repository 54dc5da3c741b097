import java.util.Arrays;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

final class WordCount implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        builder.stream(Env.topic("lines"), Text.consumed())
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .selectKey((key, word) -> word)
                .repartition(Repartitioned.with(Text.SERDE, Text.SERDE).withNumberOfPartitions(Env.partitions()))
                .groupByKey()
                .count(Materialized.as("counts"))
                .toStream()
                .to(Env.topic("out"), Produced.with(Serdes.String(), Serdes.Long()));
    }
}
