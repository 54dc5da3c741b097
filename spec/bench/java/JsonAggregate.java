import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

final class JsonAggregate implements Workload {
    record Purchase(String id, String customer, int amount, String currency, List<String> items) {}

    record Total(long count, long amount, String last) {}

    @Override
    public void build(StreamsBuilder builder) {
        JsonSerde<Purchase> purchases = JsonSerde.of(Purchase.class);
        JsonSerde<Total> totals = JsonSerde.of(Total.class);
        builder.stream(Env.topic("purchases"), Consumed.with(Text.SERDE, purchases))
                .groupByKey(Grouped.with(Text.SERDE, purchases))
                .aggregate(
                        () -> new Total(0, 0, ""),
                        (customer, purchase, total) ->
                                new Total(total.count() + 1, total.amount() + purchase.amount(), purchase.id()),
                        Materialized.<String, Total, KeyValueStore<Bytes, byte[]>>as("totals")
                                .withKeySerde(Text.SERDE)
                                .withValueSerde(totals))
                .toStream()
                .to(Env.topic("out"), Produced.with(Text.SERDE, totals));
    }
}
