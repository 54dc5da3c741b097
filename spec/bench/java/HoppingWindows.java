import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

final class HoppingWindows implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        Duration size = Duration.ofSeconds(10);
        builder.stream(Env.topic("visits"), Text.consumed())
                .groupByKey()
                .windowedBy(TimeWindows.ofSizeAndGrace(size, Duration.ofSeconds(5)).advanceBy(Duration.ofSeconds(1)))
                .count(Materialized.as("counts"))
                .toStream()
                .to(
                        Env.topic("out"),
                        Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, size.toMillis()), Serdes.Long()));
    }
}
