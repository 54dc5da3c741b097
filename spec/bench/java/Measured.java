import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What both benchmarks print, as one JSON line: what millrace's own apps print too. */
final class Measured {
    static void print(long count, double seconds) throws Exception {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        System.out.printf(
                "{\"count\":%d,\"seconds\":%.4f,\"cpuSeconds\":%.2f,\"maxRssMb\":%d}%n",
                count, seconds, system.getProcessCpuTime() / 1e9, maxRssMb());
    }

    /** The process's peak of resident memory, where /proc tells (Linux); else 0. */
    private static long maxRssMb() throws Exception {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) return 0;
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(0);
    }
}
