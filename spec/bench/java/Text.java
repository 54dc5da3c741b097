import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;

/** Text keys and values, as most workloads have them. */
final class Text {
    static final Serde<String> SERDE = Serdes.String();

    static Consumed<String, String> consumed() {
        return Consumed.with(SERDE, SERDE);
    }

    static Produced<String, String> produced() {
        return Produced.with(SERDE, SERDE);
    }

    static Grouped<String, String> grouped() {
        return Grouped.with(SERDE, SERDE);
    }

    /** The start of both sides. */
    static String joined(String left, String right) {
        return start(left) + "+" + start(right);
    }

    private static String start(String text) {
        return text.length() > 20 ? text.substring(0, 20) : text;
    }
}
