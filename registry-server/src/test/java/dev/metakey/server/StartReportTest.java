package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StartReportTest {
  private final List<String> told = new ArrayList<>();
  private final AtomicLong bytes = new AtomicLong();
  private final StartReport report =
      new StartReport(
          (what, goesOn) -> told.add(what + (goesOn ? " +" : " -")), bytes::incrementAndGet);

  @Test
  void look_whileMuchIsRead_asksForMoreTime() {
    report.step("reads the registry in /data");
    bytes.addAndGet(1 << 20);
    report.look(5);
    bytes.addAndGet(1 << 20);
    report.look(10);
    report.step("looks at loaded programs");
    assertThat(told)
        .containsExactly(
            "reads the registry in /data +",
            "reads the registry in /data; 5 s so far +",
            "reads the registry in /data; 10 s so far +",
            "looks at loaded programs +");
  }

  @Test
  void look_whenOnlyTheLookItselfHasRead_asksForNoMoreTime() {
    report.step("reads the registry in /data");
    report.look(5);
    bytes.addAndGet(1 << 20);
    report.look(10);
    report.look(15);
    assertThat(told.subList(1, 4))
        .containsExactly(
            "reads the registry in /data; 5 s so far, and nothing was read or written lately -",
            "reads the registry in /data; 10 s so far +",
            "reads the registry in /data; 15 s so far, and nothing was read or written lately -");
  }

  @Test
  void look_afterTheStart_tellsNothing() {
    report.step("reads the registry in /data");
    report.close();
    report.look(5);
    assertThat(told).hasSize(1);
  }
}
