import java.time.Duration;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

final class MixedService implements Workload {
    private static final Duration GRACE = Duration.ofSeconds(1);

    @Override
    public void build(StreamsBuilder builder) {
        builder.stream(Env.topic("lines"), Text.consumed())
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .selectKey((key, word) -> word)
                .repartition(Repartitioned.with(Text.SERDE, Text.SERDE).withNumberOfPartitions(Env.partitions()))
                .groupByKey()
                .count(Materialized.as("counts"))
                .toStream()
                .to(Env.topic("out"), Produced.with(Text.SERDE, Serdes.Long()));

        KStream<String, String> clicks = builder.stream(Env.topic("clicks"), Text.consumed());
        Duration size = Duration.ofSeconds(10);
        clicks.groupByKey()
                .windowedBy(TimeWindows.ofSizeAndGrace(size, GRACE))
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("clicks-per-window")
                        .withKeySerde(Text.SERDE)
                        .withValueSerde(Serdes.Long()))
                .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
                .toStream()
                .to(
                        Env.topic("out-windows"),
                        Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, size.toMillis()), Serdes.Long()));
        clicks.groupByKey()
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofSeconds(3), GRACE))
                .count(Materialized.as("clicks-per-session"))
                .toStream()
                .to(
                        Env.topic("out-sessions"),
                        Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
        builder.stream(Env.topic("orders"), Text.consumed())
                .leftJoin(
                        clicks,
                        (order, click) -> order + "+" + (click == null ? "-" : click),
                        JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(5), GRACE),
                        StreamJoined.with(Text.SERDE, Text.SERDE, Text.SERDE))
                .to(Env.topic("out-joined"), Text.produced());
    }
}
