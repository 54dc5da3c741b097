import org.apache.kafka.streams.StreamsBuilder;

/** Java's counterpart of a file in spec/bench/workloads: the same topology. */
interface Workload {
    void build(StreamsBuilder builder);
}
