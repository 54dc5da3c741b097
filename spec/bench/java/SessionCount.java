import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

final class SessionCount implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        Duration gap = Duration.ofSeconds(5);
        builder.stream(Env.topic("visits"), Text.consumed())
                .groupByKey()
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(gap, Duration.ofSeconds(5)))
                .count(Materialized.as("sessions"))
                .toStream()
                .to(
                        Env.topic("out"),
                        Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
    }
}
