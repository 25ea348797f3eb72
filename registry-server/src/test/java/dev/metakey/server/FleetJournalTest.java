package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetJournalTest {
  private static final Peer DAEMON = new Peer(0, 0, 1, "metakeyd");
  private static final long HOUR_MS = 3_600_000;
  @TempDir private Path directory;

  private FleetJournal open() {
    return new FleetJournal(directory.resolve("fleet-history"), false);
  }

  private static List<FleetEvent> events(int count, long atMs) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new FleetEvent(
                    i,
                    atMs,
                    FleetEventKind.FLEET_PLACED,
                    "edge.n" + i,
                    i % 64,
                    24,
                    "edge.service",
                    "host-1",
                    "a \"word\"",
                    DAEMON))
        .toList();
  }

  @Test
  void note_isThereAfterARestart_andForNobodyElse() throws IOException {
    open().note(events(3, 1), 1);

    assertThat(open().events()).isEqualTo(events(3, 1));
    assertThat(Files.getPosixFilePermissions(directory.resolve("fleet-history")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void note_keepsTheNewest_andNoMoreOfAnHourThanItsShare() {
    FleetJournal journal = open();
    for (int hour = 0; hour < 8; hour++) {
      long nowMs = hour * HOUR_MS;
      journal.note(events(FleetJournal.MOST_AN_HOUR - 1, nowMs), nowMs);
      journal.note(events(5, nowMs), nowMs);
      journal.note(events(5, nowMs), nowMs);
    }

    assertThat(journal.events()).hasSize(FleetJournal.MOST);
    assertThat(journal.events().get(0).atMs()).isEqualTo(3 * HOUR_MS);
    assertThat(journal.problem()).isEmpty();
  }

  @Test
  void note_whenTheClockIsSetBack_goesOn() {
    FleetJournal journal = open();
    journal.note(events(FleetJournal.MOST_AN_HOUR, 9 * HOUR_MS), 9 * HOUR_MS);

    journal.note(events(1, 0), 0);

    assertThat(journal.events()).hasSize(FleetJournal.MOST_AN_HOUR + 1);
  }

  @Test
  void note_whenTheFileIsDamaged_beginsAnewAndSaysSo() throws IOException {
    Files.writeString(directory.resolve("fleet-history"), "{}\nnonsense\n");
    FleetJournal journal = open();
    assertThat(journal.events()).isEmpty();
    assertThat(journal.problem()).contains("begins anew").contains("line 2 is damaged");

    journal.note(events(1, 1), 1);

    assertThat(journal.problem()).isEmpty();
    assertThat(open().events()).hasSize(1);
  }

  @Test
  void note_whenTheFileCannotBeWritten_saysSoAndKeepsItForNow() throws IOException {
    FleetJournal journal = open();
    Files.delete(directory);

    journal.note(events(1, 1), 1);

    assertThat(journal.problem()).contains("only until metakeyd is stopped");
    assertThat(journal.events()).hasSize(1);
  }
}
