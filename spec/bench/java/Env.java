/** What the harness tells a run by its environment. */
final class Env {
    static String get(String name) {
        String value = System.getenv(name);
        if (value == null) throw new IllegalStateException(name + " is not set");
        return value;
    }

    /** The name of a topic in this run: outputs belong to the contestant, inputs to both. */
    static String topic(String name) {
        return get(name.startsWith("out") ? "APPLICATION_ID" : "INPUT_PREFIX") + "-" + name;
    }

    static int partitions() {
        return Integer.parseInt(get("PARTITIONS"));
    }
}
