import org.apache.kafka.streams.kstream.KStream;

final class InnerJoin extends OrdersAndPayments {
    @Override
    KStream<String, String> join(KStream<String, String> orders, KStream<String, String> payments) {
        return orders.join(payments, JOINER, WINDOWS, SERDES);
    }
}
