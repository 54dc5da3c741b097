import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Generic records in the wire format of schema registries, of one schema: a zero byte, its id, the record. */
record AvroSerde(int id, Schema schema) implements Serde<GenericRecord> {
    private static final int PREFIX = 5;

    static AvroSerde registered(int id) {
        URI uri = URI.create(Env.get("SCHEMA_REGISTRY") + "/schemas/ids/" + id);
        try {
            String body = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            String schema = new ObjectMapper().readTree(body).get("schema").asText();
            return new AvroSerde(id, new Schema.Parser().parse(schema));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    @Override
    public Serializer<GenericRecord> serializer() {
        var writer = new GenericDatumWriter<GenericRecord>(schema);
        var out = new ByteArrayOutputStream();
        byte[] prefix = ByteBuffer.allocate(PREFIX).put((byte) 0).putInt(id).array();
        BinaryEncoder[] encoder = {null};
        return (topic, value) -> {
            if (value == null) return null;
            try {
                out.reset();
                out.write(prefix);
                encoder[0] = EncoderFactory.get().directBinaryEncoder(out, encoder[0]);
                writer.write(value, encoder[0]);
                return out.toByteArray();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
    }

    @Override
    public Deserializer<GenericRecord> deserializer() {
        var reader = new GenericDatumReader<GenericRecord>(schema);
        BinaryDecoder[] decoder = {null};
        return (topic, bytes) -> {
            if (bytes == null) return null;
            try {
                decoder[0] = DecoderFactory.get().binaryDecoder(bytes, PREFIX, bytes.length - PREFIX, decoder[0]);
                return reader.read(null, decoder[0]);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
    }
}
