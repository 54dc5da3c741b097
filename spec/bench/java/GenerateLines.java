import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Creates a topic and fills it with lines of 8 words from a Zipf-distributed vocabulary of 50,000, the same ones on
 * every run. Arguments: topic, lines, partitions.
 */
public final class GenerateLines {
    private static final int VOCABULARY = 50_000;
    private static final int WORDS_PER_LINE = 8;
    private static final int KEYS = 10_000;
    private static final long FIRST_TIMESTAMP = 1_700_000_000_000L;

    public static void main(String[] args) throws Exception {
        String topic = args[0];
        int lines = Integer.parseInt(args[1]);
        int partitions = Integer.parseInt(args[2]);
        Properties config = new Properties();
        config.put("bootstrap.servers", System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
        config.put("linger.ms", "20");
        config.put("batch.size", "131072");
        try (Admin admin = Admin.create(config)) {
            // The timestamps are of 2023: with the default retention a broker would delete the records within minutes.
            NewTopic spec = new NewTopic(topic, partitions, (short) 1).configs(Map.of("retention.ms", "-1"));
            admin.createTopics(List.of(spec)).all().get();
        }
        double[] cumulative = zipf();
        Random random = new Random(7);
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < lines; i++) {
                String key = "k" + i % KEYS;
                producer.send(new ProducerRecord<>(topic, i % partitions, FIRST_TIMESTAMP + i, key, line(random, cumulative)));
            }
        }
    }

    private static double[] zipf() {
        double[] cumulative = new double[VOCABULARY];
        double sum = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            sum += 1.0 / (i + 1);
            cumulative[i] = sum;
        }
        return cumulative;
    }

    private static String line(Random random, double[] cumulative) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < WORDS_PER_LINE; i++) {
            int found = Arrays.binarySearch(cumulative, random.nextDouble() * cumulative[VOCABULARY - 1]);
            if (i > 0) line.append(' ');
            line.append("word").append(found < 0 ? -found - 1 : found);
        }
        return line.toString();
    }
}
