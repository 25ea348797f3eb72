package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_OF_OTHER_UID;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Several owners of one field. */
class SharingTest {
  private static final FieldSpec FLOW =
      FieldSpec.of("flow", 4).mergedBy(Merge.KEEP_FIRST).printedAs(Format.HEX).shared();
  private static final FieldSpec EXCLUSIVE_FLOW =
      FieldSpec.of("flow", 4).mergedBy(Merge.KEEP_FIRST).printedAs(Format.HEX);

  private final Given host = Given.host();

  private static Peer service(int number) {
    // As long as a claimed name may be.
    return new Peer(2000 + number, 2000, number, "s%03d".formatted(number) + "x".repeat(124));
  }

  @Test
  void register_whenBothSayShared_joins() {
    Field created = host.register(EDGE, FLOW).field();

    Registered joined = host.register(TRACER, FLOW);

    assertThat(joined.outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(joined.field().owners()).containsExactly(EDGE.owner(), TRACER.owner());
    assertThat(joined.field().id()).isEqualTo(created.id());
    assertThat(joined.field().generation()).isEqualTo(created.generation());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.JOINED);
  }

  @Test
  void register_whenJoinedAlready_changesNothing() {
    host.with(EDGE, FLOW).with(TRACER, FLOW);

    assertThat(host.register(TRACER, FLOW).outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(host.lastChanges()).isEmpty();
  }

  @Test
  void register_whenOnlyOneSaysShared_isRefused() {
    host.with(EDGE, FLOW);
    MetakeyException newcomer = host.refused(Reason.OWNED_BY_OTHER, TRACER, EXCLUSIVE_FLOW);
    assertThat(newcomer.facts())
        .containsEntry("difference", "sharing is shared, asked for exclusive");

    Given other = Given.host().with(EDGE, EXCLUSIVE_FLOW);
    MetakeyException holder = other.refused(Reason.OWNED_BY_OTHER, TRACER, FLOW);
    assertThat(holder.facts())
        .containsEntry("difference", "sharing is exclusive, asked for shared");
  }

  @Test
  void register_whenSizeFormatOrMergeDiffers_mayNotJoin() {
    host.with(EDGE, FLOW);

    host.refused(
        Reason.MISMATCH,
        TRACER,
        FieldSpec.of("flow", 8).mergedBy(Merge.KEEP_FIRST).printedAs(Format.HEX).shared());
    host.refused(Reason.MISMATCH, TRACER, FLOW.mergedBy(Merge.KEEP_LAST));
    MetakeyException format =
        host.refused(Reason.OWNED_BY_OTHER, TRACER, FLOW.printedAs(Format.DEC));
    assertThat(format.facts()).containsEntry("difference", "format is hex, asked for dec");
  }

  @Test
  void register_whenDescriptionAndTtlDiffer_mayJoinAndIsTold() {
    host.with(EDGE, FLOW);

    Registered joined =
        host.register(TRACER, FLOW.describedAs("a flow").expiringAfter(Duration.ofSeconds(10)));

    assertThat(joined.differences())
        .extracting(d -> d.attribute())
        .containsExactly("description", "ttl");
    assertThat(joined.field().spec()).isEqualTo(FLOW);
  }

  @Test
  void release_whenOthersHoldIt_onlyLeaves() {
    host.with(EDGE, FLOW).with(TRACER, FLOW).with(EDGE_OF_OTHER_UID, FLOW);

    host.released(TRACER, "flow");

    assertThat(host.lastKinds()).containsExactly(ChangeKind.LEFT);
    assertThat(host.field("flow").state()).isEqualTo(FieldState.ACTIVE);
    assertThat(host.field("flow").owners())
        .containsExactly(EDGE.owner(), EDGE_OF_OTHER_UID.owner());
    host.refused(Reason.NOT_PERMITTED, TRACER, new Release("flow", 0));
  }

  @Test
  void release_whenLastLeaves_retiresIt() {
    host.with(EDGE, FLOW).with(TRACER, FLOW);

    host.released(EDGE, "flow").released(TRACER, "flow");

    assertThat(host.lastKinds()).containsExactly(ChangeKind.RELEASED);
    assertThat(host.field("flow").state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.field("flow").owners()).containsExactly(TRACER.owner());
  }

  @Test
  void release_whenAdminHoldsItNot_retiresItForAll() {
    host.with(EDGE, FLOW).with(TRACER, FLOW);

    host.released(ROOT, "flow");

    assertThat(host.field("flow").state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.field("flow").owners()).containsExactly(EDGE.owner(), TRACER.owner());
  }

  @Test
  void register_whenRetiredAndShared_isBroughtBackByAnyWhoMayShare() {
    host.with(EDGE, FLOW).with(TRACER, FLOW).released(ROOT, "flow");

    host.with(EDGE_OF_OTHER_UID, FLOW);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESTORED);
    assertThat(host.field("flow").owners()).containsExactly(EDGE_OF_OTHER_UID.owner());

    host.with(EDGE, FLOW);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.JOINED);
    assertThat(host.field("flow").owners())
        .containsExactly(EDGE_OF_OTHER_UID.owner(), EDGE.owner());
  }

  @Test
  void register_whenRetiredWithCoOwners_belongsToWhoBringsItBack() {
    host.with(EDGE, FLOW).with(TRACER, FLOW).released(ROOT, "flow");

    host.with(TRACER, FLOW);

    assertThat(host.field("flow").owners()).containsExactly(TRACER.owner());
  }

  @Test
  void register_whenSixtyFourShareIt_refusesTheNextNamingHolders() {
    for (int i = 0; i < Register.MAX_SHARING; i++) {
      host.with(service(i), FLOW);
    }

    MetakeyException refusal = host.refused(Reason.QUOTA_EXCEEDED, TRACER, FLOW);

    assertThat(refusal.facts()).containsEntry("limit", "64").containsEntry("used", "64");
    assertThat(refusal.facts().get("holders")).startsWith(service(0).service());
    assertThat(host.register(service(63), FLOW).outcome()).isEqualTo(Outcome.EXISTING);
    host.released(service(5), "flow");
    assertThat(host.register(TRACER, FLOW).field().owners()).hasSize(64);
  }
}
