package dev.metakey.server.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.Layout;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The guide lists what the daemon exports: every metric, with its type, and no other. */
class MonitoringGuideTest {
  private static final Pattern ROW =
      Pattern.compile("^\\| `(\\w+)` \\| (gauge|counter|histogram) \\|", Pattern.MULTILINE);
  private static final Pattern ALERT_ROW =
      Pattern.compile("^\\| `(Metakey\\w+)` \\| (\\w+) \\| [^\\s|]", Pattern.MULTILINE);
  private static final Pattern ALERT =
      Pattern.compile("- alert: (\\w+)$.*?severity: (\\w+)", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Pattern TYPE = Pattern.compile("^# TYPE (\\w+) (\\w+)$", Pattern.MULTILINE);

  private static List<String> pairs(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(MonitoringGuideTest::pair).sorted().toList();
  }

  private static String pair(MatchResult found) {
    return found.group(1) + " " + found.group(2);
  }

  private static String exported() {
    Field held =
        new Field.Builder(0, FieldSpec.of("edge.hop", 2), FieldState.ACTIVE)
            .owners(List.of(Owner.unit("edge.service")))
            .build();
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), 1, Layout.SLOTTED, 128);
    Snapshot snapshot = Snapshot.of(info, List.of(held));
    DaemonStatus status =
        new DaemonStatus(
            snapshot.info(),
            new DaemonStatus.Daemon("1", 0, 1, "/s", "/d"),
            new DaemonStatus.IdCount(0, 0, 0),
            new DaemonStatus.SlotUse(0, 112),
            new DaemonStatus.Queues(0, 0, 0),
            new DaemonStatus.Programs(0, 0, "", true),
            List.of(new DaemonStatus.Publication("keys", "/run/keys", 0, "")),
            List.of(new LimitUse("watches", 1, 2, 0, 0, 0, List.of())),
            List.of());
    MetricsPage page = new MetricsPage(() -> status, () -> snapshot, () -> 0, () -> true);
    page.fleet(
        () ->
            new FleetStatus(
                "prod",
                true,
                true,
                1,
                "",
                1,
                0,
                47,
                "all names",
                1,
                0,
                0,
                new FleetStatus.Quota(0, 32, 16),
                List.of()),
        () -> Map.of("granted", 1L));
    page.calls().ended("a/B", false, "NOT_PERMITTED", Map.of("rule", "r", "right", "read"), 1);
    return new String(page.get("").body(), UTF_8);
  }

  @Test
  void guide_saysWhatToDoAboutEachAlert() throws Exception {
    String guide = Files.readString(Path.of("../docs/monitoring.md"));
    String rules =
        Files.readString(Path.of("../deploy/src/image/share/metakey/prometheus/alerts.yaml"));

    assertThat(pairs(ALERT_ROW, guide)).isEqualTo(pairs(ALERT, rules)).isNotEmpty();
  }

  @Test
  void guide_listsWhatIsExported() throws Exception {
    String guide = Files.readString(Path.of("../docs/monitoring.md"));

    assertThat(pairs(ROW, guide)).isEqualTo(pairs(TYPE, exported()));
  }
}
