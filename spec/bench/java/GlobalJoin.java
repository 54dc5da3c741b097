import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Materialized;

final class GlobalJoin implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        GlobalKTable<String, String> products =
                builder.globalTable(Env.topic("products"), Text.consumed(), Materialized.as("products"));
        builder.stream(Env.topic("sales"), Text.consumed())
                .join(products, (key, sale) -> sale.substring(0, sale.indexOf('|')), Text::joined)
                .to(Env.topic("out"), Text.produced());
    }
}
