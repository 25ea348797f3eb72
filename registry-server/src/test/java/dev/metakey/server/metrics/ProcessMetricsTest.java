package dev.metakey.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessMetricsTest {
  @TempDir private Path proc;

  private static Map<String, Double> values(Path proc) {
    Map<String, Double> values = new TreeMap<>();
    for (MetricSnapshot family : new ProcessMetrics(proc).collect()) {
      double value =
          family instanceof CounterSnapshot counter
              ? counter.getDataPoints().get(0).getValue()
              : ((GaugeSnapshot) family).getDataPoints().get(0).getValue();
      values.put(family.getMetadata().getName(), value);
    }
    return values;
  }

  @Test
  void collect_whenFilesAreThere_isWhatTheySay() throws Exception {
    Files.writeString(
        proc.resolve("stat"), "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 250 150 0 0 20 0 9 0 1 2 3\n");
    Files.writeString(
        proc.resolve("status"),
        "Name:\tjava\nVmPeak:\t 9 kB\nVmSize:\t     400 kB\nVmRSS:\t     100 kB\nThreads:\t9\n");
    Files.writeString(
        proc.resolve("limits"),
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max open files            1024                 4096                 files
        """);
    Files.createDirectory(proc.resolve("fd"));
    for (String each : new String[] {"0", "1", "2", "9"}) {
      Files.createFile(proc.resolve("fd").resolve(each));
    }

    assertThat(values(proc))
        .containsEntry("process_cpu_seconds", 4.0)
        .containsEntry("process_virtual_memory_bytes", 409_600.0)
        .containsEntry("process_resident_memory_bytes", 102_400.0)
        .containsEntry("process_threads", 9.0)
        .containsEntry("process_open_fds", 3.0)
        .containsEntry("process_max_fds", 1024.0);
  }

  @Test
  void collect_whenNothingCanBeRead_isWhatTheJvmSays() {
    assertThat(values(proc))
        .containsOnlyKeys(
            "jvm_memory_used_bytes", "jvm_memory_committed_bytes", "jvm_memory_max_bytes");
  }

  @Test
  void collect_ofThisProcess_hasAll() {
    assertThat(values(Path.of("/proc/self")))
        .hasSize(9)
        .allSatisfy((name, value) -> assertThat(value).as(name).isPositive());
  }
}
