import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Creates a compacted topic and fills it with 100-byte values under random keys, as a table's changelog has them.
 * Arguments: topic, records, keys, partitions.
 */
public final class GenerateTable {
    public static void main(String[] args) throws Exception {
        String topic = args[0];
        int records = Integer.parseInt(args[1]);
        int keys = Integer.parseInt(args[2]);
        int partitions = Integer.parseInt(args[3]);
        Properties config = new Properties();
        config.put("bootstrap.servers", System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
        config.put("linger.ms", "20");
        config.put("batch.size", "131072");
        try (Admin admin = Admin.create(config)) {
            NewTopic spec = new NewTopic(topic, partitions, (short) 1).configs(Map.of("cleanup.policy", "compact"));
            admin.createTopics(List.of(spec)).all().get();
        }
        byte[] value = new byte[100];
        Arrays.fill(value, (byte) 'a');
        Random random = new Random(7);
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < records; i++) {
                producer.send(new ProducerRecord<>(topic, "key-" + random.nextInt(keys), value));
            }
        }
    }
}
