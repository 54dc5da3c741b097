import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

final class AvroInvoices implements Workload {
    private static final int SALE_ID = 1;
    private static final int INVOICE_ID = 2;

    @Override
    public void build(StreamsBuilder builder) {
        AvroSerde sales = AvroSerde.registered(SALE_ID);
        AvroSerde invoices = AvroSerde.registered(INVOICE_ID);
        builder.stream(Env.topic("sales"), Consumed.with(Text.SERDE, sales))
                .filter((key, sale) -> !(Boolean) sale.get("gift"))
                .mapValues(sale -> invoice(invoices.schema(), sale))
                .to(Env.topic("out"), Produced.with(Text.SERDE, invoices));
    }

    private static GenericRecord invoice(Schema schema, GenericRecord sale) {
        GenericRecord invoice = new GenericData.Record(schema);
        invoice.put("sale", sale.get("id"));
        invoice.put("amount", (Integer) sale.get("quantity") * (Integer) sale.get("price"));
        return invoice;
    }
}
