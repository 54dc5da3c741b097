import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes and reads record batches with Java's own clients, for comparison with ours. */
public class Batches {
  public static void main(String[] args) throws Exception {
    String servers = args[1];
    for (int i = 2; i < args.length; i++) {
      if (args[0].equals("write")) write(servers, args[i], args[++i]);
      else read(servers, args[i]);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The same as `javaRecords` of the spec. */
  private static void write(String servers, String topic, String compression) throws Exception {
    Properties config = new Properties();
    config.put("bootstrap.servers", servers);
    config.put("compression.type", compression);
    config.put("linger.ms", "200");
    config.put("batch.size", "400000");
    config.put("transactional.id", topic);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      for (String end : new String[] {"abort", "commit"}) {
        producer.beginTransaction();
        for (int i = 0; i < 60; i++) {
          byte[] key = i % 5 == 0 ? null : bytes(end + " key " + i);
          byte[] value = i % 7 == 0 ? null : bytes(("value " + i + " of " + end + "; ").repeat(i * i % 900));
          ProducerRecord<byte[], byte[]> record =
              new ProducerRecord<>(topic, 0, 1_000_000L * (60 - i), key, value);
          if (i % 3 == 0) record.headers().add("größe", bytes("h" + i)).add("null", null);
          producer.send(record);
        }
        producer.flush();
        if (end.equals("commit")) producer.commitTransaction();
        else producer.abortTransaction();
      }
    }
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? "null" : "=" + Base64.getEncoder().encodeToString(bytes);
  }

  /** A line for each record: topic, offset, timestamp, key, value and headers. */
  private static void read(String servers, String topic) {
    Map<String, Object> config =
        Map.of("bootstrap.servers", servers, "isolation.level", "read_committed", "enable.auto.commit", "false");
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      StringBuilder out = new StringBuilder();
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(5))) {
          List<String> headers = new ArrayList<>();
          record.headers().forEach(header -> headers.add(header.key() + base64(header.value())));
          out.append(String.join("\t", topic, "" + record.offset(), "" + record.timestamp(),
              base64(record.key()), base64(record.value()), String.join(" ", headers))).append('\n');
        }
      }
      System.out.print(out);
    }
  }
}
