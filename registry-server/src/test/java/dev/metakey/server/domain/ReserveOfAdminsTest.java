package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import org.junit.jupiter.api.Test;

/** What one uid cannot take, however much it asks for. */
class ReserveOfAdminsTest {
  private static final FieldSpec FLOW = FieldSpec.of("flow", 4).shared();

  @Test
  void ids_whenOnlyTheLastEightAreLeft_areForAdmins() {
    Given host = Given.packed().with(EDGE, Given.fields(56, 2));

    MetakeyException refusal = host.refused(Reason.NO_FREE_ID, TRACER, FieldSpec.of("more", 2));
    assertThat(refusal)
        .hasMessageContaining("56 of 64")
        .hasMessageContaining("the last 8 ids are for admins only");
    assertThat(refusal.facts()).containsEntry("limit", "56").containsEntry("used", "56");
    assertThat(host.register(EDGE, FieldSpec.of("edge.f3", 2)).outcome())
        .isEqualTo(Outcome.EXISTING);

    for (int i = 0; i < 7; i++) {
      host.with(EDGE_AS_ROOT, FieldSpec.of("root.f" + i, 2));
    }
    host.reserved("root.last", 2, 63);
    host.refused(Reason.NO_FREE_ID, ROOT, FieldSpec.of("more", 2));
  }

  @Test
  void ids_whenReserved_areForWhomTheyAreReserved() {
    Given host = Given.packed().with(EDGE, Given.fields(56, 2)).reserved("trace.id", 8, 60);

    assertThat(host.register(TRACER, FieldSpec.of("trace.id", 8)).field().id()).isEqualTo(60);
  }

  @Test
  void slots_whenOnlyTheLast16BytesAreLeft_areForAdmins() {
    Given host = Given.host().with(EDGE, Given.fields(12, 8));

    MetakeyException refusal = host.refused(Reason.NO_FREE_SLOT, TRACER, FieldSpec.of("more", 2));
    assertThat(refusal)
        .hasMessageContaining("96 of 112 bytes")
        .hasMessageContaining("the last 16 bytes are for admins only");
    assertThat(refusal.facts()).containsEntry("limit", "96").containsEntry("used", "96");

    host.with(ROOT, FieldSpec.of("root.a", 8), FieldSpec.of("root.b", 8));
  }

  @Test
  void slots_whenTheAreaIsSmall_areForEverybody() {
    Given.slotted(72).with(EDGE, Given.fields(7, 8));
    Given.slotted(24).with(EDGE, FieldSpec.of("a", 8));
  }

  @Test
  void sharing_whenOneUidHasManyClaims_leavesRoomForOthers() {
    Given host = Given.host();
    for (int i = 0; i < Register.MAX_CLAIMS; i++) {
      host.with(greedy(i), FLOW);
    }

    MetakeyException refusal = host.refused(Reason.QUOTA_EXCEEDED, greedy(8), FLOW);

    assertThat(refusal).hasMessageContaining("by 8 services of uid 2000 already");
    assertThat(refusal.facts()).containsEntry("limit", "8").containsEntry("used", "8");
    host.with(EDGE, FLOW).with(TRACER, FLOW).with(inUnit("a.service"), FLOW);
    host.with(greedy(3), FLOW);
    host.released(greedy(3), "flow").with(greedy(8), FLOW);
  }

  @Test
  void sharing_whenUnitsShareIt_countsEachOfThem() {
    Given host = Given.host();
    for (int i = 0; i < Register.MAX_SHARING; i++) {
      host.with(inUnit("x@" + i + ".service"), FLOW);
    }

    host.refused(Reason.QUOTA_EXCEEDED, inUnit("y.service"), FLOW);
    host.refused(Reason.QUOTA_EXCEEDED, EDGE, FLOW);
  }

  @Test
  void sharing_whenContainersShareIt_countsThemAsOneUid() {
    Given host = Given.host();
    for (int i = 0; i < Register.MAX_CLAIMS; i++) {
      host.with(inContainer(i), FLOW);
    }

    assertThat(host.refused(Reason.QUOTA_EXCEEDED, inContainer(8), FLOW))
        .hasMessageContaining("of containers");
    host.with(EDGE, FLOW);
  }

  private static Peer greedy(int number) {
    return new Peer(2000, 2000, 1, "claim-" + number);
  }

  private static Peer inUnit(String unit) {
    return new Peer(Owner.unit(unit), 2000, 2000, 1, unit, "", false);
  }

  private static Peer inContainer(int number) {
    Owner owner = Owner.container("claim-" + number);
    return new Peer(owner, 165536 + number, 0, 1, "", "0123456789ab", false);
  }
}
