package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Blocker;
import dev.metakey.model.Blocker.Kind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Peer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the registry says of ids that are not free. */
class BlockersTest {
  private static final LoadedProgram USER =
      program(42, use("edge.hop", 8, place(Layout.PACKED, 128, 0, 0, 1)));

  private final Given host = Given.packed().with(EDGE, FieldSpec.of("edge.hop", 8));

  private List<Blocker> told(Peer to) {
    return host.blockers(0, to);
  }

  private static List<Kind> kinds(List<Blocker> blockers) {
    return blockers.stream().map(Blocker::kind).toList();
  }

  @Test
  void active_hasNone() {
    assertThat(told(ROOT)).isEmpty();
  }

  @Test
  void retired_isQuarantinedUntilTheQuarantineEnds() {
    long releasedMs = host.now().atMs();
    host.released(EDGE, "edge.hop").after(Duration.ofMinutes(3));

    assertThat(kinds(told(TRACER))).containsExactly(Kind.QUARANTINE);
    assertThat(told(TRACER).get(0).untilMs()).isEqualTo(releasedMs + Given.QUARANTINE_MS);
    assertThat(told(TRACER).get(0).text()).contains("reboot");
  }

  /** The moment that is told follows the wall clock, as people read it there. */
  @Test
  void quarantine_whenTheClockWasSet_endsAfterWhatIsLeft() {
    host.released(EDGE, "edge.hop").back(Duration.ofHours(1));

    assertThat(told(ROOT).get(0).untilMs()).isEqualTo(host.now().atMs() + Given.QUARANTINE_MS);
  }

  @Test
  void retired_whenProgramsAreLinked_namesThemToOwnersAndAdminsOnly() {
    host.loads(USER).looks().run(ROOT, new Release("edge.hop", 0, true, false));
    host.afterQuarantine();

    for (Peer told : List.of(ROOT, EDGE)) {
      assertThat(kinds(told(told))).containsExactly(Kind.PROGRAMS);
      assertThat(told(told).get(0).programs()).containsExactly(42);
      assertThat(told(told).get(0).text())
          .isEqualTo(
              "program 42 (xdp prog42) is linked to it; nobody else gets the id before it is unloaded");
    }
    assertThat(told(TRACER).get(0).programs()).isEmpty();
    assertThat(told(TRACER).get(0).text()).startsWith("1 loaded program is linked to it");

    host.loads().afterQuarantine();
    assertThat(told(ROOT)).as("freed").isEmpty();
  }

  @Test
  void retired_whenManyProgramsAreLinked_namesTheFirst() {
    LoadedProgram[] many = new LoadedProgram[20];
    for (int i = 0; i < many.length; i++) {
      many[i] = program(i + 1, use("edge.hop", 8, place(Layout.PACKED, 128, 0, 0, 1)));
    }
    host.loads(many).looks().run(ROOT, new Release("edge.hop", 0, true, false));

    Blocker programs = told(ROOT).get(1);
    assertThat(programs.programs()).hasSize(16);
    assertThat(programs.text()).contains("and 15 more").contains("before they are unloaded");
  }

  @Test
  void retired_whenNobodyCanSeePrograms_saysWhy() {
    host.blind("EPERM").released(EDGE, "edge.hop");
    host.afterQuarantine();

    assertThat(kinds(told(ROOT))).containsExactly(Kind.UNSEEN);
    assertThat(told(ROOT).get(0).text()).contains("EPERM").contains("reboot");
  }

  @Test
  void retired_whenOnlyALookIsMissing_saysSo() {
    host.looks().released(EDGE, "edge.hop").afterUnseen(Duration.ofMillis(Given.QUARANTINE_MS));

    assertThat(kinds(told(ROOT))).containsExactly(Kind.UNSEEN);
    assertThat(told(ROOT).get(0).text()).contains("next look");
  }

  @Test
  void retired_whenReserved_saysThatItsNameGetsItBack() {
    host.reserved("edge.planned", 8, 9)
        .with(EDGE, FieldSpec.of("edge.planned", 8))
        .released(EDGE, "edge.planned");

    assertThat(kinds(host.blockers(9, ROOT))).containsExactly(Kind.QUARANTINE, Kind.RESERVATION);
    host.afterQuarantine();
    assertThat(kinds(host.blockers(9, ROOT))).containsExactly(Kind.RESERVATION);
    assertThat(host.blockers(9, ROOT).get(0).text()).contains("10.yaml:3");
  }

  @Test
  void retired_whenNothingCanBeChanged_saysWhy() {
    host.released(EDGE, "edge.hop").readOnly("an admin said so");

    assertThat(kinds(told(ROOT))).containsExactly(Kind.QUARANTINE, Kind.READ_ONLY);
    assertThat(told(ROOT).get(1).text()).contains("an admin said so");
  }

  @Test
  void free_whenAProgramIsLinkedToIt_saysWhyNobodyGetsIt() {
    host.released(EDGE, "edge.hop").afterQuarantine();
    assertThat(told(ROOT)).isEmpty();

    host.loads(USER).looks();
    assertThat(kinds(told(ROOT))).containsExactly(Kind.PROGRAMS);
  }
}
