import org.apache.kafka.streams.kstream.KStream;

final class OuterJoin extends OrdersAndPayments {
    @Override
    KStream<String, String> join(KStream<String, String> orders, KStream<String, String> payments) {
        return orders.outerJoin(payments, JOINER, WINDOWS, SERDES);
    }
}
