import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

final class TopN implements Workload {
    private static final int BEST = 10;

    @Override
    public void build(StreamsBuilder builder) {
        builder.addStateStore(
                Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("best"), Text.SERDE, Text.SERDE));
        builder.stream(Env.topic("scores"), Text.consumed())
                .process(Ranking::new, "best")
                .to(Env.topic("out"), Text.produced());
    }

    /** Keeps the best scores of each category, and forwards them when they change. */
    private static final class Ranking implements Processor<String, String, String, String> {
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, String> store;

        @Override
        public void init(ProcessorContext<String, String> context) {
            this.context = context;
            this.store = context.getStateStore("best");
        }

        @Override
        public void process(Record<String, String> record) {
            String known = store.get(record.key());
            List<String> ranking =
                    known == null ? new ArrayList<>() : new ArrayList<>(Arrays.asList(known.split(";")));
            int score = scoreOf(record.value());
            if (ranking.size() == BEST && scoreOf(ranking.get(BEST - 1)) >= score) return;
            int place = ranking.size();
            while (place > 0 && scoreOf(ranking.get(place - 1)) < score) place--;
            ranking.add(place, record.value());
            if (ranking.size() > BEST) ranking.remove(BEST);
            String text = String.join(";", ranking);
            store.put(record.key(), text);
            context.forward(record.withValue(text));
        }

        private static int scoreOf(String entry) {
            return Integer.parseInt(entry.substring(entry.indexOf(',') + 1));
        }
    }
}
