import java.time.Duration;
import org.apache.kafka.streams.kstream.Joined;

final class GraceJoin extends VersionedTableJoin {
    @Override
    Joined<String, String, String> joined() {
        return Joined.with(Text.SERDE, Text.SERDE, Text.SERDE, "held", Duration.ofSeconds(5));
    }
}
