import org.apache.kafka.streams.StreamsBuilder;

final class Stateless implements Workload {
    @Override
    public void build(StreamsBuilder builder) {
        builder.stream(Env.topic("texts"), Text.consumed())
                .filter((key, text) -> text.charAt(0) != 'a')
                .mapValues(text -> text.substring(1) + text.charAt(0))
                .to(Env.topic("out"), Text.produced());
    }
}
