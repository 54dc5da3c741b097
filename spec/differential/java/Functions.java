import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.apache.kafka.streams.kstream.Windowed;

/** The functions that programs name by words such as `tag:x`; functions.ts has the same. */
final class Functions {
    static String text(final Object value) {
        if (value instanceof Windowed) {
            final Windowed<?> windowed = (Windowed<?>) value;
            return text(windowed.key()) + "@" + windowed.window().start() + "-" + windowed.window().end();
        }
        return String.valueOf(value);
    }

    static int hash(final String text) {
        return text.hashCode() & 0x7fffffff;
    }

    /** Values that feed on themselves must not grow without end. */
    static String clip(final String text) {
        return text.length() <= 16 ? text : text.substring(0, 6) + "~" + hash(text) % 100000;
    }

    private static final Pattern FAILING = Pattern.compile("^fail:(\\d+):(\\d+)/");

    /** The words of a function. Those that begin with `fail:<modulus>:<rest>/` fail on some of what they are given. */
    static String[] words(final String spec) {
        return FAILING.matcher(spec).replaceFirst("").split(":");
    }

    /** Throws if the function fails on this. */
    static void refuse(final String spec, final String given) {
        final Matcher failing = FAILING.matcher(spec);
        if (failing.find() && chosen(new String[] {null, failing.group(1), failing.group(2)}, given)) throw new IllegalStateException("refused " + given);
    }

    private static String[] accepted(final String spec, final String given) {
        refuse(spec, given);
        return words(spec);
    }

    private static boolean chosen(final String[] words, final String text) {
        return hash(text) % Integer.parseInt(words[1]) == Integer.parseInt(words[2]);
    }

    static boolean predicate(final String spec, final Object key, final Object value) {
        final String[] words = accepted(spec, text(value));
        if (words[0].equals("keyed")) return key != null;
        return !chosen(words, text(words[0].equals("k") ? key : value));
    }

    /** Makes a value, or a key, of a record. */
    static String map(final String spec, final Object key, final Object value) {
        final String[] words = accepted(spec, text(value));
        switch (words[0]) {
            case "tag": return clip(text(value) + words[1]);
            case "key": return clip(text(key) + ":" + text(value));
            case "drop": return chosen(words, text(value)) ? null : clip(text(value));
            case "const": return words[1];
            case "part": return "p" + hash(text(value)) % Integer.parseInt(words[1]);
            case "first": return text(value).isEmpty() ? null : text(value).substring(0, 1);
            default: throw new IllegalArgumentException(spec);
        }
    }

    static List<String> flat(final String spec, final Object value) {
        final String[] words = accepted(spec, text(value));
        final String text = clip(text(value));
        final List<String> result = new ArrayList<>();
        switch (words[0]) {
            case "chars":
                for (int i = 0; i < Math.min(3, text.length()); i++) result.add(text.substring(i, i + 1));
                return result;
            case "rep":
                for (int i = 0; i < Integer.parseInt(words[1]); i++) result.add(text + i);
                return result;
            case "some":
                if (!chosen(words, text)) result.add(text);
                return result;
            default: throw new IllegalArgumentException(spec);
        }
    }

    /** Makes one value of two: reducers, aggregators, mergers and joiners. */
    static String combine(final String spec, final Object key, final Object left, final Object right) {
        final String[] words = accepted(spec, text(left) + "+" + text(right));
        final String both = clip(text(left) + "+" + text(right));
        switch (words[0]) {
            case "cat": return both;
            case "key": return clip(text(key) + text(left) + text(right));
            case "last": return text(right);
            case "max": return text(left).compareTo(text(right)) >= 0 ? text(left) : text(right);
            case "drop": return chosen(words, both) ? null : both;
            default: throw new IllegalArgumentException(spec);
        }
    }

    private Functions() { }
}
