package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.Orphan;
import dev.metakey.model.Orphan.OwnerState;
import dev.metakey.model.Owner;
import dev.metakey.model.Sharing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Which fields look abandoned. */
class OrphansTest {
  private static final Duration DAY = Duration.ofDays(1);

  private final Given host = Given.packed().with(EDGE, Given.fields(3, 8));
  private final List<Long> lastMs =
      new ArrayList<>(Collections.nCopies(Field.IDS, host.now().ageMs()));

  private void used(int id) {
    lastMs.set(id, host.now().ageMs());
  }

  private List<Orphan> orphans(Duration unusedFor, Function<Owner, OwnerState> stateOf) {
    return Orphans.of(host.state(), new Uses(lastMs), stateOf, host.now(), unusedFor.toMillis());
  }

  private List<String> orphans(Duration unusedFor) {
    return orphans(unusedFor, owner -> OwnerState.UNKNOWN).stream()
        .map(orphan -> orphan.field().name())
        .toList();
  }

  @Test
  void field_whenNobodyUsedItForLongEnough_isOne() {
    host.afterUnseen(DAY);
    used(1);
    host.afterUnseen(DAY);

    assertThat(orphans(DAY.multipliedBy(2))).containsExactly("edge.f0", "edge.f2");
    assertThat(orphans(DAY.multipliedBy(2).plusMillis(1))).isEmpty();
    assertThat(orphans(DAY)).containsExactly("edge.f0", "edge.f1", "edge.f2");
  }

  /** What counts is how old the registry is, which nobody can set. */
  @Test
  void lastUsed_whenTheClockWasSet_isAsLongAgo() {
    host.afterUnseen(DAY).back(Duration.ofDays(7));

    Orphan orphan = orphans(DAY, owner -> OwnerState.UNKNOWN).get(0);
    assertThat(orphan.lastUsedMs()).isEqualTo(host.now().atMs() - DAY.toMillis());
  }

  @Test
  void field_whenAProgramIsLinkedToItsId_isNone() {
    host.loads(program(42, use("edge.f1", 8, place(Layout.PACKED, 128, 1, 0, 1)))).after(DAY);
    assertThat(orphans(DAY)).containsExactly("edge.f0", "edge.f2");

    host.loads().looks();
    assertThat(orphans(DAY)).contains("edge.f1");
  }

  @Test
  void field_whenItIsNotActive_isNone() {
    host.released(EDGE, "edge.f1").reserved("planned", 2, 40).foreign("wired", 2, 41);

    assertThat(orphans(Duration.ZERO)).containsExactly("edge.f0", "edge.f2");
  }

  @Test
  void uses_whenNobodyNotedAny_areNow() {
    assertThat(
            Orphans.of(host.state(), Uses.NONE, o -> OwnerState.GONE, host.now(), DAY.toMillis()))
        .isEmpty();
  }

  @Test
  void owner_isGoneIfAllOfThemAre() {
    FieldSpec shared =
        new FieldSpec("shared", 8, "", Format.DEC, Merge.UNSPECIFIED, Sharing.SHARED, 0);
    host.with(ROOT, shared).with(TRACER, shared);

    assertThat(ownerOfShared(OwnerState.GONE, OwnerState.GONE)).isEqualTo(OwnerState.GONE);
    assertThat(ownerOfShared(OwnerState.GONE, OwnerState.THERE)).isEqualTo(OwnerState.THERE);
    assertThat(ownerOfShared(OwnerState.GONE, OwnerState.UNKNOWN)).isEqualTo(OwnerState.UNKNOWN);
  }

  private OwnerState ownerOfShared(OwnerState root, OwnerState tracer) {
    List<Orphan> all = orphans(Duration.ZERO, owner -> owner.equals(ROOT.owner()) ? root : tracer);
    return all.get(all.size() - 1).owner();
  }

  @Test
  void owner_whenNobodyOwnsAnAdoptedField_isNobody() {
    Given adopted =
        Given.packed().loads(program(7, use("old", 8, place(Layout.PACKED, 128, 5, 0, 1))));
    adopted.restart();
    adopted.loads().looks();

    List<Orphan> all =
        Orphans.of(adopted.state(), Uses.NONE, o -> OwnerState.THERE, adopted.now(), 0);
    assertThat(all).extracting(Orphan::owner).containsExactly(OwnerState.NOBODY);
  }
}
