import java.time.Duration;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;

/** What the joins of two streams have in common. */
abstract class OrdersAndPayments implements Workload {
    static final JoinWindows WINDOWS =
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(5), Duration.ofSeconds(5));
    static final StreamJoined<String, String, String> SERDES = StreamJoined.with(Text.SERDE, Text.SERDE, Text.SERDE);
    static final ValueJoiner<String, String, String> JOINER =
            (order, payment) -> (order == null ? "-" : order) + "+" + (payment == null ? "-" : payment);

    abstract KStream<String, String> join(KStream<String, String> orders, KStream<String, String> payments);

    @Override
    public void build(StreamsBuilder builder) {
        KStream<String, String> payments = builder.stream(Env.topic("payments"), Text.consumed());
        join(builder.stream(Env.topic("orders"), Text.consumed()), payments).to(Env.topic("out"), Text.produced());
    }
}
