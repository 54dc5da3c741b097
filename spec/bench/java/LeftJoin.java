import org.apache.kafka.streams.kstream.KStream;

final class LeftJoin extends OrdersAndPayments {
    @Override
    KStream<String, String> join(KStream<String, String> orders, KStream<String, String> payments) {
        return orders.leftJoin(payments, JOINER, WINDOWS, SERDES);
    }
}
