package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Reason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How changes are counted and told. */
class ChangesTest {
  private final Given host = Given.host();

  @Test
  void revision_whenNothingWasChanged_isZero() {
    assertThat(host.revision()).isZero();
    host.restart().reboot().after(Duration.ofDays(1));
    host.refused(Reason.NOT_FOUND, EDGE, new Release("a", 0));
    assertThat(host.revision()).isZero();
  }

  @Test
  void revision_countsChangesFromOneWithoutGaps() {
    host.with(EDGE, Given.fields(3, 4)).released(EDGE, "edge.f1").with(EDGE, Given.fields(3, 4));
    host.reserved("r", 4, 9).released(EDGE, "edge.f0").reboot();

    assertThat(host.history())
        .extracting(Change::revision)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(host.revision()).isEqualTo(8);
  }

  @Test
  void commitRevision_isThatOfTheLastChangeOfTheCall() {
    host.with(EDGE, Given.fields(3, 4)).with(EDGE, FieldSpec.of("single", 2));

    assertThat(host.history()).extracting(Change::commitRevision).containsExactly(3L, 3L, 3L, 4L);
  }

  @Test
  void change_tellsWhoWhenBeforeAndAfter() {
    var created = host.register(EDGE, FieldSpec.of("a", 2)).field();
    Change first = host.lastChanges().get(0);
    assertThat(first)
        .isEqualTo(new Change(1, 1, host.now().atMs(), ChangeKind.CREATED, null, created, EDGE));

    host.after(Duration.ofSeconds(1)).released(ROOT, "a");
    assertThat(host.lastChanges().get(0))
        .isEqualTo(
            new Change(
                2, 2, host.now().atMs(), ChangeKind.RELEASED, created, host.field("a"), ROOT));
  }

  @Test
  void change_whenFreedIdIsGivenAway_tellsWhoHadItBefore() {
    host.with(EDGE, FieldSpec.of("old", 2)).released(EDGE, "old").reboot();
    host.reserved("new", 2, 0);

    assertThat(host.lastChanges().get(0).before().name()).isEqualTo("old");
    assertThat(host.lastChanges().get(0).after().name()).isEqualTo("new");
  }

  @Test
  void stamps_whenClockGoesBack_stillOrderByRevision() {
    host.with(EDGE, FieldSpec.of("a", 2)).back(Duration.ofHours(1));
    host.with(TRACER, FieldSpec.of("b", 2));

    assertThat(host.field("b").created().atMs()).isLessThan(host.field("a").created().atMs());
    assertThat(host.field("b").created().revision()).isEqualTo(2);
  }
}
